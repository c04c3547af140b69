//! Tests of the timer heap alone.

use std::boxed::Box;
use std::vec::Vec;

use super::*;

fn timer(deadline: u64) -> Place {
    let timer: &'static Timer = Box::leak(Box::new(Timer::new()));
    timer.node.with_mut(|node| {
        // SAFETY: the timer is new.
        unsafe { (*node).deadline = Instant::from_ticks(deadline) };
        NonNull::new(node).expect("not null")
    })
}

/// Checks the order and the ranks of a subtree; returns its size.
fn check(tree: Option<Place>) -> usize {
    let Some(place) = tree else { return 0 };
    // SAFETY: all timers of the tests are leaked.
    let node = unsafe { place.as_ref() };
    for child in [node.left, node.right].into_iter().flatten() {
        // SAFETY: as above.
        assert_eq!(unsafe { child.as_ref() }.parent, Some(place));
        // SAFETY: as above.
        assert!(unsafe { precedes(place, child) });
    }
    // SAFETY: as above.
    let (left, right) = unsafe { (rank(node.left), rank(node.right)) };
    assert!(left >= right && node.rank == right + 1);
    1 + check(node.left) + check(node.right)
}

#[test]
fn any_order_of_changes_keeps_the_heap() {
    let mut heap = Heap { root: None, next_order: u32::MAX - 40 };
    let mut model: Vec<Place> = Vec::new();
    let mut random = 12_345_u32;
    for step in 0..3_000 {
        random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let number = random >> 8;
        if model.is_empty() || number % 5 < 3 && step < 2_000 {
            let place = timer(u64::from(number % 50));
            // SAFETY: the timer is new and leaked.
            unsafe { heap.insert(place) };
            model.push(place);
        } else {
            let at = if number.is_multiple_of(2) {
                model.iter().position(|place| Some(*place) == heap.root).expect("the root is a timer")
            } else {
                usize::try_from(number).expect("24 bits") % model.len()
            };
            // SAFETY: the timer is in the heap.
            unsafe { heap.remove(model.swap_remove(at)) };
        }
        if step % 64 == 0 || model.len() < 8 {
            assert_eq!(check(heap.root), model.len());
        }
    }
}

#[test]
fn equal_deadlines_leave_in_the_order_they_came() {
    let mut heap = Heap { root: None, next_order: u32::MAX - 2 };
    let places = [timer(5), timer(5), timer(5), timer(5), timer(5)];
    for place in places {
        // SAFETY: the timer is new and leaked.
        unsafe { heap.insert(place) };
    }
    for place in places {
        assert_eq!(heap.root, Some(place));
        // SAFETY: the root is in the heap.
        unsafe { heap.remove(place) };
    }
}
