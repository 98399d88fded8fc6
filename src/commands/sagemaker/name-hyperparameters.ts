/** Messages of a training job: what a command line says with flags is said with hyperparameters there. */
import { InputError } from '../../errors.ts'

/** Hyperparameters by the flags that say the same; a value behind `=` where the flag takes none. */
const settings: Readonly<Record<string, string>> = {
  'no-header': 'header=absent',
  'drop-missing-label': 'drop_missing_label=true',
  'no-mistakes': 'mistakes=false',
}
const named =
  'positive bins weight plan estimator engine numeric ordinal nominal indicator merge id drop missing-values ' +
  'treat-as-missing number-format date-format cyclic test-size seed cv cv-repeats trials folds search metric ' +
  'delimiter encoding skip-rows'
const flags = new Set([...named.split(' '), ...Object.keys(settings)])

/** A flag, and a value as a shell takes it: in quotes, or up to a blank or a mark behind it, unless the sentence goes on. */
const FLAG =
  /(?<![\w-])--([a-z]+(?:-[a-z]+)*)(?:(?:=| (?!(?:is|and|or|as|to|in|for|takes|leaves|says)\b))('[^']*'(?:\\''[^']*')*|[^\s;:,()'=][^\s;,()]*))?/g

/** Returns a message with hyperparameters in the place of flags. */
export function nameHyperparameters(message: string): string {
  return message.replace(FLAG, (all, flag: string, value: string | undefined) => {
    if (!flags.has(flag)) return all
    const setting = settings[flag]
    if (setting !== undefined)
      return `the hyperparameter ${setting}${value === undefined ? '' : ` ${value}`}`
    const name = `the hyperparameter ${flag.replaceAll('-', '_')}`
    return value === undefined ? name : `${name}=${value}`
  })
}

/** Returns a refusal that names hyperparameters; anything else as it is. */
export function refusalOfJob(error: unknown): unknown {
  if (!(error instanceof InputError)) return error
  const message = nameHyperparameters(error.message)
  return message === error.message ? error : new InputError(error.code, message, error.places)
}
