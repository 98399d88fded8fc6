/** A row-major matrix of doubles: value (i, j) = `data[i * columns + j]`. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

/** Returns a matrix of zeros. */
export function zeros(rows: number, columns: number): Matrix {
  return { rows, columns, data: new Float64Array(rows * columns) }
}

/** Returns one row of a matrix as a view, not a copy; length = columns. */
export function rowOf(matrix: Matrix, row: number): Float64Array {
  return matrix.data.subarray(row * matrix.columns, (row + 1) * matrix.columns)
}

/** Returns a new matrix of the rows with the given numbers, in that order. */
export function takeMatrixRows(matrix: Matrix, rows: Int32Array): Matrix {
  const taken = zeros(rows.length, matrix.columns)
  for (let i = 0; i < rows.length; i++) {
    taken.data.set(rowOf(matrix, rows[i]!), i * matrix.columns)
  }
  return taken
}

/** Returns a matrix of at most so many of its rows, at even distances; itself where it has no more. */
export function thinMatrix(matrix: Matrix, most: number): Matrix {
  if (matrix.rows <= most) return matrix
  const rows = Int32Array.from({ length: most }, (_, i) => Math.floor((i * matrix.rows) / most))
  return takeMatrixRows(matrix, rows)
}
