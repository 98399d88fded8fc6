/** The checks of what is asked for against what a model offers. */
import { MAX_CHANGES, readFrozen } from '../counterfactual/counterfactual.ts'
import { InputError } from '../errors.ts'
import type { ExplainerOffer } from '../models/model.ts'
import type { Preprocessor } from '../preprocess/preprocessor.ts'
import { chooseOffer, unknownOption } from './choose-offer.ts'
import { type ExplainOptions, namesOf } from './options.ts'

/** Most columns, or features, between which interactions are answered; there is a value per pair. */
const MAX_INTERACTION_COLUMNS = 64

/** Most model features whose interactions are computed. */
const MAX_INTERACTION_FEATURES = 1024

/**
 * Throws unless a model can answer what is asked for.
 * @throws InputError `invalid_option` or `unknown_column`
 */
export function checkOptions(
  preprocessor: Preprocessor,
  classes: readonly string[],
  offers: readonly ExplainerOffer[],
  options: ExplainOptions,
): void {
  const outputs = [...classes, 'predicted', 'all']
  if (options.output !== undefined && !outputs.includes(options.output))
    throw unknownOption('output', options.output, outputs)
  const offer = chooseOffer(offers, options)
  if (options.interactions) checkInteractions(preprocessor, offer, offers, options)
  checkCounterfactual(preprocessor, classes, options)
}

/** Throws unless this model's interactions can be computed and answered. */
function checkInteractions(
  preprocessor: Preprocessor,
  offer: ExplainerOffer,
  offers: readonly ExplainerOffer[],
  options: ExplainOptions,
): void {
  // The model's own reason comes before what else is asked.
  const able = offers.find(({ hasInteractions }) => hasInteractions)
  if (!offer.hasInteractions && able?.refusal !== undefined)
    throw new InputError('invalid_option', able.refusal)
  const names = namesOf(preprocessor, options)
  if (names.length > MAX_INTERACTION_COLUMNS) {
    const what = options.level === 'features' ? 'features; ask for level=columns' : 'columns'
    throw new InputError(
      'invalid_option',
      `interactions have a value per pair, so they are answered up to ${MAX_INTERACTION_COLUMNS} columns; this model has ${names.length} ${what}`,
    )
  }
  const features = preprocessor.featureNamesOut.length
  if (features > MAX_INTERACTION_FEATURES) {
    throw new InputError(
      'invalid_option',
      `interactions are computed up to ${MAX_INTERACTION_FEATURES} model features, this model has ${features}`,
    )
  }
  if (options.top !== undefined) {
    throw new InputError(
      'invalid_option',
      'interactions are answered between all columns; leave out top',
    )
  }
  if (!offer.hasInteractions) {
    throw new InputError(
      'invalid_option',
      `interactions are not computed with space=${offer.space} and method=${offer.method}${able ? `; ask for space=${able.space} and method=${able.method}` : ''}`,
    )
  }
}

function checkCounterfactual(
  { featureNamesIn }: Preprocessor,
  classes: readonly string[],
  { counterfactual, maxChanges, freeze }: ExplainOptions,
): void {
  if (counterfactual === undefined) {
    if (maxChanges === undefined && freeze === undefined) return
    throw new InputError(
      'invalid_option',
      'max_changes and freeze belong to counterfactual, which names the class that is wanted',
    )
  }
  if (!classes.includes(counterfactual))
    throw unknownOption('counterfactual', counterfactual, classes)
  if (maxChanges !== undefined && !(maxChanges >= 1 && maxChanges <= MAX_CHANGES)) {
    throw new InputError(
      'invalid_option',
      `max_changes is ${maxChanges}, expected a whole number from 1 to ${MAX_CHANGES}`,
    )
  }
  readFrozen(freeze ?? [], featureNamesIn)
}
