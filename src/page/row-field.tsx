/** One column's field: a list of its categories, or what can be typed. */
import { cellText } from '../plots/numbers.ts'
import { nameOf, textOf } from './names.ts'
import type { PageColumn } from './wire.ts'

/** Categories that a list shows; more of them are typed. */
const MOST_CHOICES = 200

interface Props {
  readonly id: string
  readonly column: PageColumn
  readonly text: string
  readonly problem: string | undefined
  readonly isChanged: boolean
  onText(text: string): void
}

export function RowField({ id, column, text, problem, isChanged, onText }: Props) {
  const { name, type, nullable, categories, range } = column
  const isChoice = categories !== undefined && categories.length <= MOST_CHOICES
  const hint =
    range && !isChoice
      ? `${cellText(range.minimum)} – ${cellText(range.maximum)}, median ${cellText(range.median)}`
      : ''
  const described = problem !== undefined ? `${id}-problem` : hint !== '' ? `${id}-hint` : undefined
  const common = {
    id,
    'aria-invalid': problem !== undefined,
    'aria-describedby': described,
  }
  return (
    <div class={isChanged ? 'field changed' : 'field'}>
      <label for={id}>
        <span class="name" title={name}>
          {nameOf(name)}
        </span>
        {isChanged && <span class="mark">changed</span>}
      </label>
      {isChoice ? (
        <select {...common} value={text} onChange={(event) => onText(event.currentTarget.value)}>
          {(nullable || text === '') && <option value="">missing</option>}
          {text !== '' && !categories.some((category) => String(category) === text) && (
            <option value={text}>{text}</option>
          )}
          {categories.map((category) => (
            <option key={String(category)} value={String(category)}>
              {textOf(name, category)}
            </option>
          ))}
        </select>
      ) : (
        <input
          {...common}
          type="text"
          inputMode={
            type === 'number' ? (range && range.minimum >= 0 ? 'decimal' : 'text') : 'text'
          }
          autocomplete="off"
          spellcheck={false}
          placeholder={nullable ? 'missing' : ''}
          value={text}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      )}
      {problem !== undefined ? (
        <p class="problem" id={`${id}-problem`}>
          {problem}
        </p>
      ) : (
        hint !== '' && (
          <p class="hint" id={`${id}-hint`}>
            {hint}
          </p>
        )
      )}
    </div>
  )
}
