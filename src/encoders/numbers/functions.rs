//! What is applied to each number, or each row, between two products?
//!
//! `exp` is our own so that the compiler may compute many at once: calls into the C library cannot be vectorised.
//! Functions that are not `inline(always)` choose the instruction set at run time.

use pulp::Arch;

/// Layer normalisation (Ba et al. 2016) of each row: mean 0, variance 1, then times `gamma` plus `beta`.
pub fn layer_norm(rows: &mut [f32], gamma: &[f32], beta: &[f32], epsilon: f32) {
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for row in rows.chunks_exact_mut(gamma.len()) {
                let mean = sum(row, |x| x) / row.len() as f32;
                let variance = sum(row, |x| (x - mean) * (x - mean)) / row.len() as f32;
                let factor = 1.0 / (variance + epsilon).sqrt();
                for ((x, gamma), beta) in row.iter_mut().zip(gamma).zip(beta) {
                    *x = (*x - mean) * factor * gamma + beta;
                }
            }
        },
    );
}

/// Lanes of a running sum: floating-point sums have an order, so the compiler may not find them itself.
const LANES: usize = 16;

/// The sum of `f` over a row.
#[inline(always)]
pub fn sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let (chunks, rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0f32; LANES];
    for chunk in chunks {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane += f(*x);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|x| f(*x)).sum::<f32>()
}

/// x at and above 0, 0 below.
pub fn relu(numbers: &mut [f32]) {
    numbers.iter_mut().for_each(|x| *x = x.max(0.0));
}

/// The hyperbolic tangent, by way of `exp`.
pub fn tanh(numbers: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || numbers.iter_mut().for_each(|x| *x = 1.0 - 2.0 / (exp(2.0 * *x) + 1.0)),
    );
}

/// x times the probability that a standard normal variable is below x (Hendrycks and Gimpel 2016).
#[cfg(feature = "e5")]
pub fn gelu(numbers: &mut [f32]) {
    Arch::new().dispatch(
        #[inline(always)]
        || numbers.iter_mut().for_each(|x| *x *= 0.5 * (1.0 + erf(*x * std::f32::consts::FRAC_1_SQRT_2))),
    );
}

/// The error function within 2e-7: Abramowitz and Stegun 1964, formula 7.1.26.
#[cfg(feature = "e5")]
#[inline(always)]
fn erf(x: f32) -> f32 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let mut series = 1.061_405_4;
    for term in [-1.453_152_1, 1.421_413_7, -0.284_496_72, 0.254_829_6] {
        series = series * t + term;
    }
    (1.0 - series * t * exp(-x * x)).copysign(x)
}

/// Scales a vector to length 1; the zero vector stays.
pub fn normalise(vector: &mut [f32]) {
    let length = sum(vector, |x| x * x).sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
}

/// e^x within 2 units in the last place; results below 2^-126 become 0, those above 2^127 stop there.
///
/// x = n ln 2 + r, |r| ≤ ln 2 / 2, so e^x = 2^n e^r. n ln 2 is subtracted in two parts (Cody and Waite), e^r is the
/// Taylor series to r^7, whose next term is below 2^-27.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    // Added to a number below 2^22, 1.5 x 2^23 leaves no room for a fraction: the lowest bits of the sum are the number,
    // rounded. (Casts to `i32` are not vectorised: they saturate.)
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.336_54, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUND;
    let n = rounded - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut series = 1.0 / 5040.0;
    for term in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        series = series * r + term;
    }
    series * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exact_to_single_precision() {
        for i in -8700..8800 {
            let x = i as f32 / 100.0;
            let (ours, exact) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((ours - exact).abs() <= exact * 3e-7, "exp({x}) = {ours}, not {exact}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert!(exp(-1e9) < 2e-38);
        assert!(exp(1e9).is_finite());
    }

    #[test]
    fn tanh_is_odd_and_bounded() {
        let mut numbers = [0.0, 0.5, -0.5, 20.0, -20.0];
        tanh(&mut numbers);
        for (ours, exact) in numbers.iter().zip([0.0, 0.462_117_17, -0.462_117_17, 1.0, -1.0]) {
            assert!((ours - exact).abs() < 1e-6, "{ours} {exact}");
        }
    }

    #[cfg(feature = "e5")]
    #[test]
    fn gelu_is_the_exact_one() {
        let mut numbers = [0.0, 1.0, -1.0, 3.0, -0.1, -40.0];
        gelu(&mut numbers);
        // x (1 + erf(x / sqrt 2)) / 2 by Python's math.erf.
        for (ours, exact) in numbers.iter().zip([0.0, 0.841_344_7, -0.158_655_25, 2.995_950_3, -0.046_017_216, 0.0]) {
            assert!((ours - exact).abs() < 1e-6, "{ours} {exact}");
        }
    }

    #[test]
    fn rows_are_normalised_each_by_itself() {
        let mut rows = [1.0, 2.0, 3.0, 6.0, -10.0, 0.0, 0.0, 10.0];
        layer_norm(&mut rows, &[1.0; 4], &[0.5; 4], 0.0);
        for row in rows.chunks(4) {
            assert!((sum(row, |x| x) / 4.0 - 0.5).abs() < 1e-6);
            assert!((sum(row, |x| (x - 0.5) * (x - 0.5)) / 4.0 - 1.0).abs() < 1e-5);
        }
    }
}
