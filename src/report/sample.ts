/** Explanations of the rows that are stored with a model, as far as there is time for them. */
import type { Predictor } from '../predictor/predictor.ts'
import type { Explanations } from '../shap/explanation.ts'

/** What is asked of a sample: pairs of columns or not, of which class. */
export interface Asked {
  readonly isPairs: boolean
  readonly output: string | undefined
}

/** Explanations of the stored sample, of as many rows as there is time for; each is computed once. */
export interface Sample {
  /** Returns an explanation; undefined where there is no time for one, or no row. */
  explain(asked: Asked): Explanations | undefined
}

/** Fewer rows would show little. */
const LEAST_ROWS = 24

/**
 * Returns the sample of a model.
 * @param asked all that will be asked for: no class takes the time of the next beyond the fewest rows
 */
export function createSample(
  predictor: Predictor,
  mostSeconds: number,
  asked: readonly Asked[],
): Sample {
  const schedule = createSchedule(predictor, mostSeconds, asked)
  const known = new Map<string, Explanations | undefined>()
  const explain = (one: Asked): Explanations | undefined => {
    const rows = schedule.rowsFor(one)
    return rows === undefined ? undefined : predictor.explainSample(optionsOf(one), rows)
  }
  return {
    explain(one) {
      if (predictor.sampleRows === 0) return undefined
      const key = keyOf(one)
      if (!known.has(key)) known.set(key, explain(one))
      return known.get(key)
    },
  }
}

/** Returns what tells whether a sample with so many seconds has time for what is asked. */
export function forecastSample(
  predictor: Predictor,
  mostSeconds: number,
  asked: readonly Asked[],
): (asked: Asked) => boolean {
  const schedule = createSchedule(predictor, mostSeconds, asked)
  const each = [...new Map(asked.map((one) => [keyOf(one), one])).values()]
  const has = new Set(each.filter((one) => schedule.rowsFor(one) !== undefined).map(keyOf))
  return (one) => has.has(keyOf(one))
}

/** Gives each explanation its share of the time. */
function createSchedule(predictor: Predictor, mostSeconds: number, asked: readonly Asked[]) {
  const { sampleRows } = predictor
  let left = mostSeconds
  const count = (isPairs: boolean) =>
    new Set(asked.filter((one) => one.isPairs === isPairs).map(({ output }) => output)).size
  const waiting = { pairs: count(true), single: count(false) }
  return {
    rowsFor(one: Asked): number | undefined {
      const options = optionsOf(one)
      const wait = predictor.estimateSeconds(0, options)
      // The first call may have built an explainer, which no later one waits for.
      const perRow = predictor.estimateSeconds(1, options) - predictor.estimateSeconds(0, options)
      const rowsIn = (seconds: number) => Math.floor((seconds - wait) / perRow)
      const share = rowsIn(left / Math.max(1, waiting[one.isPairs ? 'pairs' : 'single']--))
      const rows = Math.min(sampleRows, Math.max(LEAST_ROWS, share), rowsIn(left))
      if (rows < Math.min(LEAST_ROWS, sampleRows)) return undefined
      left -= wait + rows * perRow
      return rows
    },
  }
}

function optionsOf({ isPairs, output }: Asked) {
  return {
    ...(isPairs ? { interactions: true } : {}),
    ...(output === undefined ? {} : { output }),
  }
}

function keyOf({ isPairs, output }: Asked): string {
  return JSON.stringify([isPairs, output])
}
