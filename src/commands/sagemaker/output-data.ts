/** What a training job leaves in /opt/ml/output/data: the metrics, Clarify's analysis the model card and the report. */
import { join } from 'node:path'
import { METRICS_FILE } from '../../artifact/artifact.ts'
import { InputError, quote } from '../../errors.ts'
import { makeDirectory } from '../../model-directory/make-directory.ts'
import type { Papers } from '../../model-directory/papers.ts'
import type { TrainReport } from '../../training/train-report.ts'
import { writeOutputFile } from '../output/output-file.ts'

/** Writes the files; the model is safe already, so a failure is a warning. */
export async function writeOutputData(
  directory: string,
  report: TrainReport,
  papers: Papers,
  warn: (message: string) => void,
): Promise<void> {
  const { artifact } = report
  const files = {
    [METRICS_FILE]: writeJson({ model_id: artifact.modelId, ...artifact.metrics }),
    'analysis.json': writeJson(describeAnalysis(report)),
    ...papers,
  }
  try {
    await makeDirectory(directory)
    for (const [name, text] of Object.entries(files))
      await writeOutputFile(join(directory, name), text)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      error instanceof InputError
        ? message
        : `${quote(directory, 256)} cannot be written: ${code ?? message}`
    warn(`${why}; the model is saved`)
  }
}

/**
 * Returns global importance as SageMaker Clarify's analysis.json has it: mean |SHAP value| per column, one label per
 * score. Clarify's key `kernel_shap` is kept for its readers; `method` says how the values were made.
 */
export function describeAnalysis({ artifact, predictor }: TrainReport): Record<string, unknown> {
  const { importance, preprocessor } = artifact
  const { explainer } = predictor
  const { columns, data } = importance.meanAbsolute
  const labels = importance.outputNames.map((_, k) => [
    `label${k}`,
    {
      global_shap_values: Object.fromEntries(
        preprocessor.inputs.map(({ name }, j) => [name, data[k * columns + j]]),
      ),
      expected_value: importance.baseValues[k],
    },
  ])
  return {
    version: '1.0',
    explanations: { kernel_shap: Object.fromEntries(labels) },
    label_headers: importance.outputNames,
    space: explainer.space,
    method: explainer.method,
    model_id: artifact.modelId,
  }
}

function writeJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`
}
