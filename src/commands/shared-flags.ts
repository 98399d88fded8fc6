/** What the flags of several commands have in common. */
import { Option } from 'commander'

/** The directory of the model, where it is not said. */
export const DEFAULT_MODEL_DIR = 'model'

/** Returns the flag that names the directory of a model. */
export function modelDirOption(): Option {
  return new Option('--model-dir <dir>', 'directory of the model')
    .env('SM_MODEL_DIR')
    .default(DEFAULT_MODEL_DIR)
}

/** Returns the flag that asks for signed models. */
export function publicKeyOption(): Option {
  return new Option(
    '--public-key <key>',
    'public Ed25519 key in PEM, or its file, for which the model must be signed',
  ).env('MODEL_PUBLIC_KEY')
}

/** Returns the flag that gives readable names: stored with a model, or for one run over those that are. */
export function labelsOption(when: 'stored' | 'for this run'): Option {
  const over = when === 'stored' ? '' : '; for this run, over the stored ones'
  return new Option(
    '--labels <file>',
    `readable names of columns and values, as YAML or JSON, which plots, page and tables show${over}`,
  )
}

/** Gathers the values of a flag that may be repeated. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

/** Returns names as a sentence has them: `a, b or c`. */
export function listChoices(names: readonly string[]): string {
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter(Boolean).join(' or ')
}
