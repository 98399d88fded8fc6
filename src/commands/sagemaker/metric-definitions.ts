/** `shapserve metric-definitions`: what a SageMaker job needs to read metrics from the log. */

import { createOutput } from '../terminal.ts'
import { metricDefinitions } from './metric-lines.ts'

/** Prints the definitions: one a line, or as the JSON list that CreateTrainingJob takes. */
export function runMetricDefinitions(json: boolean): void {
  const output = createOutput({ quiet: true })
  const definitions = metricDefinitions()
  if (json) {
    output.result(`${JSON.stringify(definitions)}\n`)
    return
  }
  const width = Math.max(...definitions.map(({ Name }) => Name.length))
  const lines = definitions.map(({ Name, Regex }) => `${Name.padEnd(width)}  ${Regex}`)
  output.result(`${lines.join('\n')}\n`)
}
