/** What model this is, in one line, and where more stands. */
import { count } from '../plots/numbers.ts'
import { nameOf } from './names.ts'
import type { PageModel } from './wire.ts'
import { percent } from './words.ts'

export function Header({ model: { card, quality } }: { model: PageModel }) {
  const metric = (name: string) => quality?.metrics.find((one) => one.name === name)?.value
  const accuracy = metric('accuracy')
  const auc = metric('ROC AUC')
  const { rows } = card.training
  const facts = [
    ...(rows > 0 ? [`trained on ${count(rows, 'row')}`] : []),
    count(card.columns.length, 'column'),
    ...(accuracy === undefined ? [] : [`accuracy ${percent(accuracy)}`]),
    ...(auc === undefined ? [] : [`ROC AUC ${auc.toFixed(3)}`]),
  ]
  return (
    <header class="top">
      <div>
        <p class="kind">{card.estimator.replaceAll('_', ' ')}</p>
        <h1>{nameOf(card.target)}</h1>
        <p class="facts">{facts.join(' · ')}</p>
      </div>
      <nav aria-label="More about this model">
        <a href="docs/">API</a>
        <a href="#quality">Quality</a>
        <a href="#card">Model card</a>
      </nav>
    </header>
  )
}
