//! How is a batch of tokens multiplied with a layer's weights?
//!
//! The weights stay quantised, as in the file: a block of a panel is unpacked into the first-level cache, used for all
//! rows of the batch, and forgotten. So nothing is copied at load, and a batch of a few hundred tokens hides the
//! unpacking. Within a block a kernel keeps a tile of the result in registers (Goto and van de Geijn 2008, "Anatomy of
//! high-performance matrix multiplication"). The instruction set is chosen at run time (AVX-512, AVX2 with FMA, or
//! what the target has).

use pulp::{Arch, Simd, WithSimd};

/// Columns of a panel: two registers of AVX-512, four of AVX2.
pub const PANEL: usize = 32;
/// Inputs of a block: a block of a panel (32 KB) and of the batch's rows (12 KB) fit the first-level cache.
const BLOCK: usize = 256;

/// One row of an unpacked panel.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub struct PanelRow(pub [f32; PANEL]);

/// A layer's weights, in panels of [`PANEL`] outputs.
pub trait Weights {
    /// Rows of the matrix.
    fn inputs(&self) -> usize;
    /// Columns of the matrix, a multiple of [`PANEL`].
    fn outputs(&self) -> usize;
    /// Writes the rows `first..first + out.len()` of a panel.
    fn unpack<S: Simd>(&self, simd: S, panel: usize, first: usize, out: &mut [PanelRow]);
}

impl PanelRow {
    /// Writes a row of levels, each times its column's factor.
    ///
    /// The product is spelled out because the compiler would rather vectorise the loop over the rows, gathering bytes.
    #[inline(always)]
    pub fn set<S: Simd>(&mut self, simd: S, levels: &[f32; PANEL], factors: &PanelRow) {
        let (out, _) = S::as_mut_simd_f32s(&mut self.0);
        let ((levels, _), (factors, _)) = (S::as_simd_f32s(levels), S::as_simd_f32s(&factors.0));
        for ((out, level), factor) in out.iter_mut().zip(levels).zip(factors) {
            *out = simd.mul_f32s(*level, *factor);
        }
    }
}

/// Writes `a` times the weights, plus `bias` in each row, to `out`. Both are row-major; `a` has as many columns as the
/// weights have inputs, `bias` as many as they have outputs.
pub fn product(a: &[f32], weights: &impl Weights, bias: &[f32], out: &mut [f32]) {
    debug_assert_eq!(bias.len(), weights.outputs());
    debug_assert_eq!(a.len() * weights.outputs(), out.len() * weights.inputs());
    Arch::new().dispatch(Product { a, weights, bias: Some(bias), out });
}

/// Adds `a` times the weights to `out`, see [`product`].
pub fn add_product(a: &[f32], weights: &impl Weights, out: &mut [f32]) {
    debug_assert_eq!(a.len() * weights.outputs(), out.len() * weights.inputs());
    Arch::new().dispatch(Product { a, weights, bias: None, out });
}

struct Product<'a, W> {
    a: &'a [f32],
    weights: &'a W,
    /// What the result starts from; `None`: what stands in `out`.
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl<W: Weights> WithSimd for Product<'_, W> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // Rows of a tile: with its columns, a panel's row and one number, they fill the registers.
        match S::F32_LANES {
            16 => self.tiles::<S, 12, 2>(simd),
            8 => self.tiles::<S, 3, 4>(simd),
            4 => self.tiles::<S, 2, 8>(simd),
            _ => self.tiles::<S, 1, PANEL>(simd),
        }
    }
}

impl<W: Weights> Product<'_, W> {
    #[inline(always)]
    fn tiles<S: Simd, const ROWS: usize, const REGISTERS: usize>(self, simd: S) {
        let (inputs, outputs) = (self.weights.inputs(), self.weights.outputs());
        let rows = self.a.len() / inputs;
        let mut packed: Vec<[f32; ROWS]> = Vec::new();
        let mut unpacked = [PanelRow([0.0; PANEL]); BLOCK];
        for first in (0..inputs).step_by(BLOCK) {
            let depth = BLOCK.min(inputs - first);
            let bias = self.bias.filter(|_| first == 0);
            pack(self.a, inputs, first, depth, &mut packed);
            for panel in 0..outputs / PANEL {
                self.weights.unpack(simd, panel, first, &mut unpacked[..depth]);
                let bias = bias.map(|bias| S::as_simd_f32s(&bias[panel * PANEL..(panel + 1) * PANEL]).0);
                for (tile, a) in packed.chunks_exact(depth).enumerate() {
                    let sums = kernel::<S, ROWS, REGISTERS>(simd, a, &unpacked[..depth]);
                    let valid = ROWS.min(rows - tile * ROWS);
                    for (row, sums) in sums.iter().enumerate().take(valid) {
                        let at = (tile * ROWS + row) * outputs + panel * PANEL;
                        let (out, _) = S::as_mut_simd_f32s(&mut self.out[at..at + PANEL]);
                        // Either the first block, or what the blocks before left.
                        match bias {
                            Some(bias) => {
                                for ((out, sum), bias) in out.iter_mut().zip(sums).zip(bias) {
                                    *out = simd.add_f32s(*bias, *sum);
                                }
                            }
                            None => {
                                for (out, sum) in out.iter_mut().zip(sums) {
                                    *out = simd.add_f32s(*out, *sum);
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Lays the rows of `a` side by side, `ROWS` at a time, so that the kernel reads them in order; zeros fill the last.
#[inline(always)]
fn pack<const ROWS: usize>(a: &[f32], inputs: usize, first: usize, depth: usize, packed: &mut Vec<[f32; ROWS]>) {
    let tiles = (a.len() / inputs).div_ceil(ROWS);
    packed.clear();
    packed.resize(tiles * depth, [0.0; ROWS]);
    for (i, row) in a.chunks_exact(inputs).enumerate() {
        let tile = &mut packed[i / ROWS * depth..][..depth];
        for (to, from) in tile.iter_mut().zip(&row[first..first + depth]) {
            to[i % ROWS] = *from;
        }
    }
}

#[inline(always)]
fn kernel<S: Simd, const ROWS: usize, const REGISTERS: usize>(
    simd: S,
    a: &[[f32; ROWS]],
    b: &[PanelRow],
) -> [[S::f32s; REGISTERS]; ROWS] {
    let mut sums = [[simd.splat_f32s(0.0); REGISTERS]; ROWS];
    for (a, b) in a.iter().zip(b) {
        let (b, _) = S::as_simd_f32s(&b.0);
        let Some(b) = b.first_chunk::<REGISTERS>() else { break };
        // What is fewer is held, the other comes one by one: AVX2 has sixteen registers for 3 x 4 sums, three numbers
        // and one register of the panel; held the other way round, a sum has to be spilled.
        if ROWS < REGISTERS {
            let a = a.map(|a| simd.splat_f32s(a));
            for register in 0..REGISTERS {
                for row in 0..ROWS {
                    sums[row][register] = simd.mul_add_e_f32s(a[row], b[register], sums[row][register]);
                }
            }
        } else {
            for row in 0..ROWS {
                let a = simd.splat_f32s(a[row]);
                for register in 0..REGISTERS {
                    sums[row][register] = simd.mul_add_e_f32s(a, b[register], sums[row][register]);
                }
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Plain {
        inputs: usize,
        outputs: usize,
        values: Vec<f32>,
    }

    impl Weights for Plain {
        fn inputs(&self) -> usize {
            self.inputs
        }
        fn outputs(&self) -> usize {
            self.outputs
        }
        fn unpack<S: Simd>(&self, _: S, panel: usize, first: usize, out: &mut [PanelRow]) {
            for (i, row) in out.iter_mut().enumerate() {
                row.0.copy_from_slice(&self.values[(first + i) * self.outputs + panel * PANEL..][..PANEL]);
            }
        }
    }

    #[test]
    fn it_agrees_with_the_definition() {
        // Whole numbers below 2^24 are exact, whatever the order of summation.
        let number = |i: usize| (i * 7919 % 23) as f32 - 11.0;
        let check = |rows: usize, inputs: usize, outputs: usize| {
            let a: Vec<f32> = (0..rows * inputs).map(number).collect();
            let weights = Plain { inputs, outputs, values: (0..inputs * outputs).map(|i| number(i + 5)).collect() };
            let mut out: Vec<f32> = (0..rows * outputs).map(number).collect();
            let mut expected = out.clone();
            for row in 0..rows {
                for column in 0..outputs {
                    let products = (0..inputs).map(|k| a[row * inputs + k] * weights.values[k * outputs + column]);
                    expected[row * outputs + column] += products.sum::<f32>();
                }
            }
            add_product(&a, &weights, &mut out);
            assert_eq!(out, expected, "{rows} x {inputs} x {outputs}, added");
            let bias: Vec<f32> = (0..outputs).map(|i| number(i + 3)).collect();
            for row in 0..rows {
                for (column, bias) in bias.iter().enumerate() {
                    expected[row * outputs + column] += bias - number(row * outputs + column);
                }
            }
            product(&a, &weights, &bias, &mut out);
            assert_eq!(out, expected, "{rows} x {inputs} x {outputs}, with a bias");
        };
        check(1, 32, 32);
        check(12, 256, 64);
        check(13, 257, 32);
        check(25, 640, 96);
        check(0, 32, 32);
    }
}
