/** The model card, and the way from columns over steps to features. */
import { cellText, count } from '../plots/numbers.ts'
import { classOf, nameOf, nameWithOwn, valueWithOwn } from './names.ts'
import { Parameters } from './parameters.tsx'
import type { PageModel, PipelineStep } from './wire.ts'

const MOST_STEPS = 60

/** Transformers in words. */
const stepNames: Readonly<Record<string, string>> = {
  impute_number: 'fill gaps',
  impute_category: 'fill gaps',
  one_hot_encoder: 'one-hot',
  ordinal_encoder: 'ordinal',
  standard_scaler: 'standardize',
  min_max_scaler: 'scale to range',
  single_precision: 'single precision',
}

export function CardView({ model }: { model: PageModel }) {
  const { card, pipeline } = model
  const { training } = card
  const facts: readonly (readonly [string, string])[] = [
    ['predicts', `${nameOf(card.target)}: ${card.classes.slice(0, 12).map(classOf).join(', ')}`],
    ['estimator', `${card.estimator} (${card.engine})`],
    [
      'data',
      training.rows === 0
        ? 'not known'
        : `${count(training.rows, 'row')}: ${training.train_rows} for training, ${training.test_rows} for testing; seed ${training.seed}`,
    ],
    ['SHA-256 of the data', training.sha256 || 'not known'],
    ['model id', card.model_id],
    [
      'made with',
      Object.entries(card.versions)
        .map((pair) => pair.join(' '))
        .join(', '),
    ],
  ]
  return (
    <section id="card" aria-labelledby="card-title">
      <h2 id="card-title">Model card</h2>
      <dl class="facts-list">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {training.warnings.length > 0 && (
        <>
          <h3>Warnings of the training</h3>
          <ul>
            {training.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </>
      )}
      <Parameters params={card.params} />
      <details>
        <summary>From columns to features</summary>
        <p class="quiet">
          What a request carries, what is done with it, and what the{' '}
          {card.estimator.replaceAll('_', ' ')} is given.
        </p>
        <ol class="pipeline">
          {pipeline.slice(0, MOST_STEPS).map((step) => (
            <Step key={`${step.column}`} step={step} />
          ))}
        </ol>
        {pipeline.length > MOST_STEPS && (
          <p class="quiet">and {pipeline.length - MOST_STEPS} more columns</p>
        )}
      </details>
      <details>
        <summary>Columns</summary>
        <div class="scrolled">
          <table class="metrics">
            <thead>
              <tr>
                <th scope="col">column</th>
                <th scope="col">type</th>
                <th scope="col">may be missing</th>
                <th scope="col">seen in training</th>
              </tr>
            </thead>
            <tbody>
              {card.columns.slice(0, 200).map(({ name, type, nullable, categories, range }) => (
                <tr key={name}>
                  <th scope="row">{nameWithOwn(name)}</th>
                  <td>{type}</td>
                  <td>{nullable ? 'yes' : 'no'}</td>
                  <td>
                    {categories
                      ? `${categories
                          .slice(0, 12)
                          .map((category) => valueWithOwn(name, category))
                          .join(', ')}${categories.length > 12 ? ', …' : ''}`
                      : range
                        ? `${cellText(range.minimum)} to ${cellText(range.maximum)}, median ${cellText(range.median)}`
                        : 'text'}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
      <p class="fine">
        SHAP values tell what moved this model, not what causes what. The measures hold for rows
        like those that it was trained on.
      </p>
    </section>
  )
}

function Step({ step }: { step: PipelineStep }) {
  const chain = step.chain.map(
    ({ kind, detail }) =>
      `${stepNames[kind] ?? kind.replaceAll('_', ' ')}${detail === undefined ? '' : ` ${detail}`}`,
  )
  return (
    <li>
      <span class="box">{step.from ?? step.column}</span>
      {step.from !== undefined && (
        <>
          <Arrow />
          <span class="box step" title={step.pattern}>
            {step.column} by a pattern
          </span>
        </>
      )}
      {chain.map((name) => (
        <>
          <Arrow />
          <span class="box step">{name}</span>
        </>
      ))}
      <Arrow />
      <span class="features">
        {step.features.map((name) => (
          <span class="box feature" key={name}>
            {name}
          </span>
        ))}
        {step.others > 0 && <span>and {step.others} more</span>}
      </span>
    </li>
  )
}

function Arrow() {
  return (
    <span class="arrow" aria-hidden="true">
      →
    </span>
  )
}
