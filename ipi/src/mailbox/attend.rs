//! Looking into the lines of peers: their letters and their acknowledgements.

use scc::id::CoreId;

use super::link::{Answered, Curiosity, Freshness, Incoming};
use super::receiver::Received;
use super::{Mailbox, Notice};
use crate::layout;
use crate::mesh::{CoreSet, Invalidate, Mesh, Push};
use crate::wire::{Ack, AckView, Bell, Channel, Channels, LetterView, LineWords, Reply, Verdict};

/// Who looks for a letter again and again looks for an acknowledgement after one of so many looks.
const LOOKS_PER_ANSWER: u32 = 4;

/// What a look into one line has found.
pub(super) enum Look {
    /// The letter that was looked for.
    Letter(Received),
    /// Something else, which has been delivered to the queues if it was a letter.
    Delivered,
    /// Nothing new.
    Nothing,
}

impl<M: Mesh> Mailbox<'_, M> {
    /// Looks into the lines of `peers` now, rung or not. Task only; per peer one line read, two if an
    /// acknowledgement is due, and one line write for each new letter.
    pub fn attend(&self, peers: CoreSet) {
        for peer in peers.iter() {
            self.attend_one(peer);
        }
    }

    /// The own board as it is now.
    #[inline]
    pub(super) fn read_board(&self) -> [LineWords; 2] {
        self.mesh.invalidate(Invalidate::Board);
        layout::board_lines(self.mesh.core()).map(|line| self.mesh.read_line(line))
    }

    /// Looks into the lines of those that have changed the board, and at acknowledgements that may have come.
    pub(super) fn attend_board(&self, board: &[LineWords; 2]) {
        let now = board.as_flattened();
        for (index, known) in self.board.iter().enumerate() {
            if known.get() != now[index] {
                self.attend_bells(index, known.get(), now[index]);
            }
        }
        for peer in self.awaited.get().iter() {
            if !self.look_at_answer(peer) {
                self.awaited.set(self.awaited.get().without(peer));
            }
        }
    }

    /// Looks into the lines of those that have changed a word of the board. A byte is known when a letter with it was found:
    /// it is written before the letter.
    #[inline(never)]
    fn attend_bells(&self, index: usize, known: u32, now: u32) {
        let mut changed = known ^ now;
        while changed != 0 {
            let place = changed.trailing_zeros() & !7;
            changed &= !(0xFF << place);
            let [bell, ..] = (now >> place).to_le_bytes().map(Bell::new);
            let peer = u8::try_from(index * 4).ok().zip(u8::try_from(place / 8).ok());
            if let Some(peer) = peer.and_then(|(first, behind)| CoreId::new(first + behind))
                && self.look_at_bell(peer) == bell
            {
                self.find_bell(peer, bell);
            }
        }
    }

    /// Notes that the board need not lead to the letter of `peer` any more; if it has led there, `peer` has rung.
    #[inline]
    fn find_bell(&self, peer: CoreId, bell: Bell) {
        let (word, shift) = (&self.board[peer.index() / 4], peer.index() % 4 * 8);
        let known = word.get() >> shift & 0xFF;
        if known != u32::from(bell.get()) {
            word.set(word.get() ^ (known ^ u32::from(bell.get())) << shift);
            self.rung.set(self.rung.get().with(peer));
        }
    }

    /// Looks into a line that is not cached; the bell that was rung for what is there.
    fn look_at_bell(&self, peer: CoreId) -> Bell {
        let line = self.mesh.read_line(layout::mail(self.mesh.core(), peer));
        let letter = LetterView::new(&line);
        if letter.last_word() != self.seen[peer.index()].get() {
            self.read_letter(peer, line);
        }
        letter.bell()
    }

    pub(super) fn attend_one(&self, peer: CoreId) {
        self.mesh.invalidate(Invalidate::Attend);
        self.look_at_letter(peer);
        self.look_at_answer(peer);
    }

    /// Looks `looks` times for a letter of `peer` on one of `channels`, which is not queued but returned: the caller knows
    /// that none of `peer` waits in their queues. Other letters are delivered; if it looks again and again, the
    /// acknowledgements of `peer` are looked at as well.
    #[inline(always)]
    pub(super) fn poll_for(&self, channels: Channels, peer: CoreId, looks: u32) -> Look {
        let me = self.mesh.core();
        let (line, last_word) = (layout::mail(me, peer), layout::mail_last(me, peer));
        let seen = self.seen[peer.index()].get();
        let mut expected = self.outgoing.borrow()[peer.index()].curiosity();
        for look in 0..looks {
            self.mesh.invalidate(Invalidate::Poll);
            if self.mesh.read_word(last_word) != seen {
                // Whatever it is, somebody is to go on with it.
                return self.read_awaited(channels, peer, self.mesh.read_line(line));
            }
            if look % LOOKS_PER_ANSWER == 1
                && let Some(answer) = expected
                && self.is_there(peer, answer)
            {
                self.take_answer(peer);
                expected = None;
            }
        }
        Look::Nothing
    }

    /// One of many looks for letters of `peers`, which are delivered; whether there were any.
    fn poll_all(&self, peers: CoreSet) -> bool {
        self.mesh.invalidate(Invalidate::PollAll);
        peers.iter().fold(false, |is_news, peer| self.look_at_letter(peer) | is_news)
    }

    fn look_at_letter(&self, peer: CoreId) -> bool {
        let is_news = !self.is_letter_seen(peer);
        if is_news {
            let line = self.mesh.read_line(layout::mail(self.mesh.core(), peer));
            self.read_letter(peer, line);
        }
        is_news
    }

    /// Reads one word.
    #[inline]
    fn is_letter_seen(&self, peer: CoreId) -> bool {
        let last = self.mesh.read_word(layout::mail_last(self.mesh.core(), peer));
        last == self.seen[peer.index()].get()
    }

    /// Looks at the acknowledgement of `peer` if there may be one.
    #[inline]
    pub(super) fn look_at_answer_now(&self, peer: CoreId) {
        if self.outgoing.borrow()[peer.index()].is_sent() {
            self.mesh.invalidate(Invalidate::Answer);
            self.look_at_answer(peer);
        }
    }

    /// Looks into the line for acknowledgements of `peer`, which the caller knows not to be cached; whether there is
    /// still something to look for.
    #[inline]
    pub(super) fn look_at_answer(&self, peer: CoreId) -> bool {
        let expected = self.outgoing.borrow()[peer.index()].curiosity();
        if expected.is_some_and(|expected| self.is_there(peer, expected)) {
            self.take_answer(peer);
        }
        expected.is_some()
    }

    /// Whether it is worth reading the whole line.
    #[inline]
    fn is_there(&self, peer: CoreId, expected: Curiosity) -> bool {
        match expected {
            Curiosity::Answer(last) => self.mesh.read_word(layout::ack_last(self.mesh.core(), peer)) == last,
            Curiosity::Anything => true,
        }
    }

    #[inline(never)]
    fn take_answer(&self, peer: CoreId) {
        let line = self.mesh.read_line(layout::ack(self.mesh.core(), peer));
        let is_plain = self.outgoing.borrow_mut()[peer.index()].take_plain(AckView::new(&line));
        if is_plain {
            self.senders[peer.index()].wake_all();
        } else {
            self.read_answer(peer, line);
        }
    }

    #[inline(never)]
    fn read_answer(&self, peer: CoreId, line: LineWords) {
        let view = AckView::new(&line);
        let Ok(ack) = Ack::parse(view) else { return };
        let (changed, unparked) = {
            let link = &mut self.outgoing.borrow_mut()[peer.index()];
            (link.take(ack, view.last_word()), link.unpark())
        };
        if let Some((begun, mail)) = unparked {
            self.write_letter(peer, begun, Reply::Silent, &mail, Notice::Doorbell);
        }
        if changed {
            self.senders[peer.index()].wake_all();
        }
    }

    /// Takes a line in that is not what it was: what somebody waits for, straight to him, before anything is looked at
    /// that would matter for other letters only.
    #[inline(always)]
    fn read_awaited(&self, channels: Channels, peer: CoreId, line: LineWords) -> Look {
        let letter = LetterView::new(&line);
        let last = letter.last_word();
        {
            let incoming = &mut self.incoming.borrow_mut()[peer.index()];
            if incoming.is_next(last)
                && letter.is_for(self.epoch)
                && let Some(life) = LetterView::life_in(last)
                && letter.check().is_ok()
                && channels.contains(letter.unchecked_mail().channel())
            {
                self.seen[peer.index()].set(last);
                self.find_bell(peer, letter.bell());
                self.answer(incoming, peer, last, Verdict::Accepted, letter.reply());
                self.count(|statistics| statistics.accepted += 1);
                return Look::Letter(Received { from: peer, life, mail: letter.unchecked_mail() });
            }
        }
        self.read_other(peer, line);
        Look::Delivered
    }

    /// Takes in what is not just the next letter, and on one of the channels that somebody waits for.
    #[cold]
    #[inline(never)]
    fn read_other(&self, peer: CoreId, line: LineWords) {
        self.read_letter(peer, line);
    }

    /// Looks for letters of `cores` on `channels`, in the queues first, then `looks` times in the lines, of which there is
    /// one for each core. If any letters wait in queues, one look at each is enough: whoever gets them is to go on.
    #[inline]
    pub(crate) fn seek(&self, channels: Channels, cores: CoreSet, looks: u32) -> Option<Received> {
        match cores.only() {
            Some(core) => self.seek_from(channels, core, looks),
            None => self.pop_any(channels, None).or_else(|| self.seek_among(channels, cores, looks)),
        }
    }

    /// Looks as [`seek`](Self::seek) does, for letters of one core; letters of others may be in queues.
    #[inline]
    pub(crate) fn seek_from(&self, channels: Channels, core: CoreId, looks: u32) -> Option<Received> {
        if let Some(letter) = self.pop_any(channels, None) {
            return Some(letter);
        }
        let looks = if self.filled.get() == Channels::NONE { looks } else { 1 };
        match self.poll_for(channels, core, looks) {
            Look::Letter(letter) => Some(letter),
            Look::Delivered => self.pop_any(channels, Some(core)),
            Look::Nothing => {
                if looks == 1 {
                    self.look_at_answer(core);
                }
                None
            }
        }
    }

    /// Looks for letters of all `cores` before one is taken, so that none of them comes last for ever. Whatever comes,
    /// somebody is to go on with it.
    #[inline(never)]
    fn seek_among(&self, channels: Channels, cores: CoreSet, looks: u32) -> Option<Received> {
        let is_alone = self.filled.get() == Channels::NONE;
        let rounds = if is_alone { (looks / cores.len().max(1)).max(1) } else { 1 };
        if (0..rounds).any(|_| self.poll_all(cores)) {
            return self.pop_any(channels, None);
        }
        cores.iter().for_each(|core| _ = self.look_at_answer(core));
        None
    }

    /// Takes a line in that is not what it was.
    fn read_letter(&self, peer: CoreId, line: LineWords) {
        let letter = LetterView::new(&line);
        let last = letter.last_word();
        self.seen[peer.index()].set(last);
        let Ok(envelope) = letter.envelope() else { return };
        let freshness = {
            let incoming = &mut self.incoming.borrow_mut()[peer.index()];
            if incoming.is_next(last) { Freshness::News } else { incoming.freshness(envelope.from, last) }
        };
        match freshness {
            Freshness::Seen => return,
            Freshness::Stale => {
                self.count(|statistics| statistics.stale += 1);
                return;
            }
            Freshness::News => {}
        }
        let verdict = match letter.mail() {
            _ if envelope.to != self.epoch => {
                self.count(|statistics| statistics.stale += 1);
                Verdict::WrongLife
            }
            Err(_) => {
                self.count(|statistics| statistics.malformed += 1);
                Verdict::Malformed
            }
            Ok(mail) => self.deliver(Received { from: peer, life: envelope.from, mail }),
        };
        let incoming = &mut self.incoming.borrow_mut()[peer.index()];
        self.answer(incoming, peer, last, verdict, letter.reply());
    }

    fn deliver(&self, letter: Received) -> Verdict {
        let channel = letter.mail.channel();
        if self.wanted.get().contains(channel) {
            self.wanted.set(Channels::NONE);
            self.caught.set(Some(letter));
            self.count(|statistics| statistics.accepted += 1);
            return Verdict::Accepted;
        }
        let verdict = {
            let queue = &mut self.queues.borrow_mut()[channel.index()];
            if queue.mode().is_none() {
                Verdict::NotListening
            } else if queue.push(letter) {
                Verdict::Accepted
            } else {
                Verdict::Refused
            }
        };
        match verdict {
            Verdict::Accepted => {
                self.count(|statistics| statistics.accepted += 1);
                self.filled.set(self.filled.get().with(channel));
                self.receivers[channel.index()].wake_all();
            }
            Verdict::Refused => {
                self.count(|statistics| statistics.refused += 1);
                let closed = &mut self.incoming.borrow_mut()[letter.from.index()].closed;
                *closed = closed.with(channel);
            }
            _ => {}
        }
        verdict
    }

    /// Answers a letter, of which its last word is enough.
    #[inline]
    fn answer(&self, incoming: &mut Incoming, peer: CoreId, letter: u32, verdict: Verdict, reply: Reply) {
        let answered = Answered { letter, verdict, polled: self.polled.get() };
        incoming.note(answered);
        self.acknowledge(peer, answered, incoming.closed, reply);
    }

    #[inline(always)]
    fn acknowledge(&self, peer: CoreId, answered: Answered, closed: Channels, reply: Reply) {
        let Answered { letter, verdict, polled } = answered;
        self.mesh.invalidate(Invalidate::AckWrite);
        let line = Ack::line(closed, polled, self.epoch, verdict, letter);
        self.mesh.write_line(layout::ack(peer, self.mesh.core()), line);
        self.mesh.push(Push::Ack);
        if reply == Reply::Ring {
            self.mesh.ring(peer);
        }
    }

    /// Takes a letter from a queue, and tells refused senders if that made room.
    #[inline]
    pub(super) fn pop(&self, channel: Channel, from: Option<CoreId>) -> Option<Received> {
        if self.filled.get().contains(channel) { self.pop_waiting(channel, from) } else { None }
    }

    /// Takes a letter from that queue with the highest channel that has one, and tells refused senders if that made room.
    #[inline]
    pub(super) fn pop_any(&self, channels: Channels, from: Option<CoreId>) -> Option<Received> {
        let mut left = channels;
        while let Some(channel) = left.highest_of_both(self.filled.get()) {
            if let Some(letter) = self.pop_waiting(channel, from) {
                return Some(letter);
            }
            left = left.without(channel);
        }
        None
    }

    #[inline(never)]
    fn pop_waiting(&self, channel: Channel, from: Option<CoreId>) -> Option<Received> {
        let (letter, welcome) = {
            let queue = &mut self.queues.borrow_mut()[channel.index()];
            let letter = queue.pop(from)?;
            if queue.is_empty() {
                self.filled.set(self.filled.get().without(channel));
            }
            (letter, queue.welcome())
        };
        self.reopen(channel, welcome);
        Some(letter)
    }

    /// Tells senders that were refused on `channel` to try again.
    pub(super) fn reopen(&self, channel: Channel, refused: CoreSet) {
        for peer in refused.iter() {
            let (was_closed, link) = {
                let link = &mut self.incoming.borrow_mut()[peer.index()];
                let was_closed = link.closed.contains(channel);
                link.closed = link.closed.without(channel);
                (was_closed, *link)
            };
            if let Some(answered) = link.answered.filter(|_| was_closed) {
                self.acknowledge(peer, answered, link.closed, Reply::Ring);
            }
        }
    }

    /// Tells everybody who was ever answered which channels are polled now; others learn it when answered.
    pub(super) fn announce_modes(&self) {
        let polled = self.polled.get();
        for peer in CoreSet::ALL.iter() {
            let (told, closed) = {
                let link = &mut self.incoming.borrow_mut()[peer.index()];
                let untold = link.answered.as_mut().filter(|answered| answered.polled != polled);
                let told = untold.map(|answered| {
                    answered.polled = polled;
                    *answered
                });
                (told, link.closed)
            };
            if let Some(answered) = told {
                self.acknowledge(peer, answered, closed, Reply::Silent);
            }
        }
    }

    /// Channels on which `peer` is refused for want of room.
    pub fn closed_to(&self, peer: CoreId) -> Channels {
        self.incoming.borrow()[peer.index()].closed
    }
}
