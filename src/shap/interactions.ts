/** Sets the diagonal of interactions, [feature][feature], so that every row sums to the feature's SHAP value. */
export function fillDiagonal(out: Float64Array, phi: Float64Array): void {
  for (let j = 0; j < phi.length; j++) {
    let others = 0
    for (let k = 0; k < phi.length; k++) if (k !== j) others += out[j * phi.length + k]!
    out[j * phi.length + j] = phi[j]! - others
  }
}
