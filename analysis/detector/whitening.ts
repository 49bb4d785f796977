/**
 * The metric in which vectors are compared: Mahalanobis distance with the inverse of the second moments of a sample. It
 * is computed by whitening: with M = L L' (Cholesky), |inverse(L) (a - b)|^2 = (a - b)' inverse(M) (a - b), so that
 * vectors are turned once and their distances are plain.
 */

/** Added to the diagonal, relative to its mean: a constant series has a singular matrix. */
const RIDGE = 1e-9;

/** A lower triangular matrix in rows; `undefined` when the sample has no positive definite moments. */
export type Whitening = Float64Array[];

/** From the uncentred second moments of the sample. */
export function whiteningOf(sample: readonly Float64Array[]): Whitening | undefined {
  const size = sample[0]?.length ?? 0;
  const moments = Array.from({ length: size }, () => new Float64Array(size));
  for (const vector of sample) {
    for (const [i, row] of moments.entries()) {
      const value = vector[i] ?? 0;
      for (let j = 0; j <= i; j++) row[j] = (row[j] ?? 0) + value * (vector[j] ?? 0);
    }
  }
  const trace = moments.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);
  for (const [i, row] of moments.entries()) row[i] = (row[i] ?? 0) + (RIDGE * trace) / size;
  return factorised(moments);
}

/** Cholesky: G. H. Golub, C. F. van Loan, Matrix Computations, 4.2. In place. */
function factorised(matrix: Float64Array[]): Whitening | undefined {
  for (const [i, row] of matrix.entries()) {
    for (const [j, other] of matrix.slice(0, i + 1).entries()) {
      let sum = row[j] ?? 0;
      for (let k = 0; k < j; k++) sum -= (row[k] ?? 0) * (other[k] ?? 0);
      if (j < i) row[j] = sum / (other[j] ?? 1);
      else if (!(sum > 0) || !Number.isFinite(sum)) return undefined;
      else row[i] = Math.sqrt(sum);
    }
  }
  return matrix;
}

/** inverse(L) vector, by forward substitution; the vector itself without a whitening. */
export function whitened(whitening: Whitening | undefined, vector: Float64Array): Float64Array {
  if (whitening === undefined) return vector;
  const result = new Float64Array(vector.length);
  for (const [i, row] of whitening.entries()) {
    let sum = vector[i] ?? 0;
    for (let k = 0; k < i; k++) sum -= (row[k] ?? 0) * (result[k] ?? 0);
    result[i] = sum / (row[i] ?? 1);
  }
  return result;
}

/** The square of the plain distance. */
export function squaredDistance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) {
    const difference = (a[index] as number) - (b[index] as number); // Vectors of one length.
    sum += difference * difference;
  }
  return sum;
}
