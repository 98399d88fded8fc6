/** `shapserve metric-definitions`: what a SageMaker job needs to read metrics from the log. */
import type { Command } from 'commander'

export function declareMetricDefinitions(program: Command): void {
  program
    .command('metric-definitions')
    .description('print the metric definitions that a SageMaker job needs')
    .option('--json', 'as the JSON list of CreateTrainingJob')
    .action((flags: { json?: true }) => printDefinitions(flags.json === true))
}

/** One definition a line, or the JSON list that CreateTrainingJob takes. */
async function printDefinitions(json: boolean): Promise<void> {
  const { metricDefinitions } = await import('./sagemaker/metric-lines.ts')
  const { createOutput } = await import('./terminal.ts')
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
