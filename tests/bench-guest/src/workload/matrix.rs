//! Products of 48 × 48 matrices of doubles.
//!
//! The elements are small integers, so that every sum is exact whether the machine keeps 53 or 64 bits of it.

/// Rows and columns.
const SIZE: usize = 48;

/// Elements are kept below this number.
const MODULUS: u32 = 1024;

type Square = [[f64; SIZE]; SIZE];

/// One product per round, reduced to small elements and multiplied again.
pub(crate) fn run(rounds: u32, seed: u32) -> u32 {
    let mut random = super::Random::new(seed);
    let mut left: Square = [[0.0; SIZE]; SIZE];
    let mut right = left;
    for element in left.iter_mut().chain(&mut right).flatten() {
        *element = f64::from(random.next() % MODULUS);
    }
    let mut checksum = seed;
    let mut product: Square = [[0.0; SIZE]; SIZE];
    for round in 0..rounds {
        multiply(&mut product, &left, &right);
        let row = usize::from(round.to_le_bytes()[0]) % SIZE;
        for (to, from) in left[row].iter_mut().zip(&product[row]) {
            let element = exact_integer(*from);
            checksum = checksum.rotate_left(5) ^ element;
            *to = f64::from(element % MODULUS);
        }
    }
    checksum
}

/// The schoolbook product.
#[inline(never)]
fn multiply(product: &mut Square, left: &Square, right: &Square) {
    for (product_row, left_row) in product.iter_mut().zip(left) {
        for (column, element) in product_row.iter_mut().enumerate() {
            let terms = left_row.iter().zip(right).map(|(factor, right_row)| factor * right_row[column]);
            *element = terms.sum();
        }
    }
}

/// The integer that `value` holds exactly; products of this module stay below 2^32.
fn exact_integer(value: f64) -> u32 {
    // A double at 2^52 and above shows an integer in its low bits, so no conversion instruction is needed.
    let bits = (value + 4_503_599_627_370_496.0).to_bits().to_le_bytes();
    u32::from_le_bytes([bits[0], bits[1], bits[2], bits[3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identity_leaves_a_matrix_unchanged() {
        let mut identity: Square = [[0.0; SIZE]; SIZE];
        (0..SIZE).for_each(|at| identity[at][at] = 1.0);
        let mut other = identity;
        other[3][5] = 7.0;
        let mut product = [[0.0; SIZE]; SIZE];
        multiply(&mut product, &other, &identity);
        assert_eq!(product, other);
    }

    #[test]
    fn largest_sum_is_read_back_exactly() {
        let size = u32::try_from(SIZE).expect("small");
        let largest = size * (MODULUS - 1) * (MODULUS - 1);
        assert_eq!(exact_integer(f64::from(largest)), largest);
    }
}
