/** What model this is, in one line, and where more stands. */
import { count } from '../plots/numbers.ts'
import { nameOf } from './names.ts'
import { OwnLink } from './own-link.tsx'
import type { PageModel } from './wire.ts'
import { percent } from './words.ts'

/** Characters of a model's id that tell it from others. */
const SHORT_ID = 8

/** Measures of the first line, as far as the model has them. */
const measures: readonly (readonly [name: string, text: (value: number) => string])[] = [
  ['accuracy', percent],
  ['ROC AUC', (value) => value.toFixed(3)],
  ['log loss', (value) => value.toFixed(3)],
]

export function Header({ model, token }: { model: PageModel; token: string }) {
  const { card, quality } = model
  const { rows, train_rows: trainRows } = card.training
  const facts = [
    ...(rows > 0 ? [`trained on ${count(trainRows, 'row')}`] : []),
    count(card.columns.length, 'column'),
  ]
  const measured = measures.flatMap(([name, text]) => {
    const value = quality?.metrics.find((one) => one.name === name)?.value
    return value === undefined ? [] : [`${name} ${text(value)}`]
  })
  return (
    <header class="top">
      <div>
        <p class="kind">
          {card.estimator.replaceAll('_', ' ')}, model {card.model_id.slice(0, SHORT_ID)}
        </p>
        <h1>{nameOf(card.target)}</h1>
        <p class="facts">{[...facts, ...measured].join(' · ')}</p>
      </div>
      <nav aria-label="More about this model">
        {/* Its page of the API asks for things by addresses, which send no token. */}
        {token === '' ? (
          <OwnLink path="docs/" token={token} label="API" />
        ) : (
          <OwnLink path="openapi.json" token={token} label="API" />
        )}
        <OwnLink path="model" token={token} label="Model JSON" saveAs="model.json" />
        <OwnLink path="report" token={token} label="Report" saveAs="report.html" />
        <a href="#quality">Quality</a>
        <a href="#card">Card and data</a>
      </nav>
    </header>
  )
}
