/** Training sets of the benchmarks: made from a seed, the same at every run, with the shape of well-known sets. */
import type { Matrix } from '../src/data/matrix.ts'
import { zeros } from '../src/data/matrix.ts'
import { createRandom } from '../src/data/random.ts'

/** A design matrix and the class, 0 or 1, of each of its rows. */
export interface LabelledMatrix {
  readonly X: Matrix
  readonly y: Int32Array
}

export const ADULT_ROWS = 26_049
export const HIGGS_ROWS = 80_000

/** Sizes of the one-hot groups of `adultLike`: 102 columns. */
const WORK = 9
const EDUCATION = 16
const MARITAL = 7
const OCCUPATION = 15
const RELATIONSHIP = 6
const ORIGIN = 5
const SEX = 2
const COUNTRY = 42
const ADULT_NUMBERS = 6
const ADULT_COLUMNS =
  ADULT_NUMBERS + WORK + EDUCATION + MARITAL + OCCUPATION + RELATIONSHIP + ORIGIN + SEX + COUNTRY

/**
 * Returns rows like those of the census set "adult": 108 columns, about a quarter of the rows in class 1.
 * Six numbers in their own units (age in years, a survey weight that says nothing, years of education, capital gain and
 * loss, mostly 0, hours a week), then eight one-hot groups of 9, 16, 7, 15, 6, 5, 2 and 42 columns, so that a row has
 * eight ones. The classes overlap: a forest of 100 trees of scikit-learn reaches an AUC of about 0.91 on other rows.
 */
export function adultLike(rows = ADULT_ROWS, seed = 1): LabelledMatrix {
  const X = zeros(rows, ADULT_COLUMNS)
  const y = new Int32Array(rows)
  const draw = createDraw(seed, 1)
  // What an occupation, a kind of work and a country do to the score; the same for every row.
  const effects = createDraw(seed, 2)
  const ofOccupation = Float64Array.from({ length: OCCUPATION }, () => effects.normal())
  const ofWork = Float64Array.from({ length: WORK }, () => 0.4 * effects.normal())
  const ofCountry = Float64Array.from({ length: COUNTRY }, () => 0.4 * effects.normal())
  for (let row = 0; row < rows; row++) {
    const age = Math.floor(17 + 73 * draw.uniform() ** 1.8)
    const level = clamp(Math.round(9 + 2.6 * draw.normal()), 1, EDUCATION)
    const sex = draw.uniform() < 0.67 ? 1 : 0
    const isMarried = draw.uniform() < sigmoid((age - 32) / 7) * (sex === 1 ? 0.72 : 0.32)
    const marital = isMarried ? 0 : age < 30 ? 1 : 1 + skewed(draw, MARITAL - 1)
    const relationship = isMarried ? (sex === 1 ? 0 : 1) : 2 + skewed(draw, RELATIONSHIP - 2)
    // Occupations late in the list want more education.
    const occupation = clamp(Math.round(level - 2 + 4 * draw.normal()), 0, OCCUPATION - 1)
    const work = skewed(draw, WORK)
    const origin = skewed(draw, ORIGIN)
    const country = draw.uniform() < 0.9 ? 0 : 1 + skewed(draw, COUNTRY - 1)
    const hours = clamp(
      Math.round(draw.uniform() < 0.45 ? 40 : 41 + 3 * sex + 12 * draw.normal()),
      1,
      99,
    )
    const gain = draw.uniform() < 0.03 + 0.01 * level ? Math.round(Math.exp(8 + draw.normal())) : 0
    const loss = gain === 0 && draw.uniform() < 0.045 ? Math.round(1900 + 350 * draw.normal()) : 0

    const prime = Math.exp(-(((age - 48) / 16) ** 2))
    const score =
      -3.3 +
      2.5 * prime +
      (isMarried ? 2.3 : 0) +
      0.36 * (level - 9) +
      0.05 * (hours - 40) * (isMarried ? 1 : 0.4) +
      0.8 * (ofOccupation[occupation] as number) * (level > 9 ? 1.3 : 0.5) +
      (ofWork[work] as number) +
      (ofCountry[country] as number) +
      (gain > 5000 ? 4.5 : gain > 0 ? -0.8 : 0) +
      (loss > 1800 ? 1.6 : 0) +
      0.3 * sex
    y[row] = draw.uniform() < sigmoid(1.32 * score) ? 1 : 0

    const weight = Math.round(Math.exp(12 + 0.5 * draw.normal()))
    const x = X.data.subarray(row * ADULT_COLUMNS, (row + 1) * ADULT_COLUMNS)
    x.set([age, weight, level, gain, loss, hours])
    let first = ADULT_NUMBERS
    for (const [size, category] of [
      [WORK, work],
      [EDUCATION, level - 1],
      [MARITAL, marital],
      [OCCUPATION, occupation],
      [RELATIONSHIP, relationship],
      [ORIGIN, origin],
      [SEX, sex],
      [COUNTRY, country],
    ] as const) {
      x[first + category] = 1
      first += size
    }
  }
  return { X, y }
}

const HIGGS_COLUMNS = 28
/** The columns that are drawn; the others are computed from them. */
const HIGGS_DRAWN = 21

/**
 * Returns rows like those of the physics set "HIGGS": 28 continuous columns, half of the rows in class 1.
 * 21 columns are momenta (skewed, positive), directions and angles; 7 are combinations of them such as invariant masses.
 * The class hangs on smooth interactions of many columns, so trees grow deep: a forest of 100 trees of scikit-learn
 * reaches an AUC of about 0.94 on other rows.
 */
export function higgsLike(rows = HIGGS_ROWS, seed = 1): LabelledMatrix {
  const X = zeros(rows, HIGGS_COLUMNS)
  const y = new Int32Array(rows)
  const draw = createDraw(seed, 3)
  for (let row = 0; row < rows; row++) {
    const x = X.data.subarray(row * HIGGS_COLUMNS, (row + 1) * HIGGS_COLUMNS)
    // Seven objects: transverse momentum, pseudorapidity, azimuth.
    for (let j = 0; j < HIGGS_DRAWN; j += 3) {
      x[j] = Math.exp(0.5 * draw.normal())
      x[j + 1] = draw.normal()
      x[j + 2] = (2 * draw.uniform() - 1) * Math.PI
    }
    for (let k = 0; k < HIGGS_COLUMNS - HIGGS_DRAWN; k++) {
      x[HIGGS_DRAWN + k] =
        invariantMass(x, 3 * k, 3 * ((k + 1) % 7)) * Math.exp(0.1 * draw.normal())
    }
    const m = (k: number) => Math.log(x[HIGGS_DRAWN + k] as number)
    const p = (k: number) => Math.log(x[3 * k] as number)
    const eta = (k: number) => x[3 * k + 1] as number
    const score =
      1.6 * Math.exp(-(((m(0) - 0.5) / 0.5) ** 2)) +
      1.2 * Math.exp(-(((m(1) - 0.7) / 0.6) ** 2)) -
      1.0 * m(2) +
      0.9 * m(3) * (m(4) > 0.3 ? 1 : -0.6) +
      0.7 * p(0) * eta(1) +
      0.8 * p(2) -
      0.5 * eta(3) ** 2 +
      0.3 * Math.sin(2 * (x[2] as number) - (x[5] as number)) +
      0.5 * m(5) -
      0.4 * m(6)
    y[row] = draw.uniform() < sigmoid(4.6 * (score - 0.8)) ? 1 : 0
  }
  return { X, y }
}

/** Invariant mass of two massless objects: √(2 p₁ p₂ (cosh Δη − cos Δφ)). */
function invariantMass(x: Float64Array, a: number, b: number): number {
  const product = 2 * (x[a] as number) * (x[b] as number)
  const eta = (x[a + 1] as number) - (x[b + 1] as number)
  const phi = (x[a + 2] as number) - (x[b + 2] as number)
  return Math.sqrt(product * Math.max(Math.cosh(eta) - Math.cos(phi), 1e-6))
}

interface Draw {
  /** Next double in [0, 1). */
  uniform(): number
  /** Next standard normal deviate (Box and Muller). */
  normal(): number
}

function createDraw(seed: number, stream: number): Draw {
  const { uniform } = createRandom(seed, stream)
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform())
  return { uniform, normal }
}

/** Returns a number from 0 to count − 1, small ones far more often. */
function skewed(draw: Draw, count: number): number {
  return Math.floor(count * draw.uniform() ** 3)
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value))
}

function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
