/** `--labels` of commands that read a model: readable names for one run, over those that are stored. */
import type { LoadedModel } from '../../model-directory/read.ts'
import { buildPredictor } from '../../predictor/predictor.ts'
import { namesOfModel } from './known-names.ts'
import { readLabelsFile } from './read-labels.ts'

/**
 * Returns a model whose readable names are those of a file, and the stored ones where that has none.
 * @param path the file; absent = the model as it is
 * @throws InputError naming what in the file the model does not have
 */
export async function withLabels(model: LoadedModel, path?: string): Promise<LoadedModel> {
  if (path === undefined) return model
  const { artifact } = model
  const labels = await readLabelsFile(path, namesOfModel(artifact), artifact.labels)
  const labelled = { ...artifact, labels }
  return { ...model, artifact: labelled, predictor: buildPredictor(labelled) }
}
