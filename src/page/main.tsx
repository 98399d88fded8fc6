/** The page: asks for its model, and for a token where one is needed. */
import { render } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { ask, keepToken, Refusal, readToken } from './client.ts'
import { ModelView } from './model-view.tsx'
import { nameOf, takeNames } from './names.ts'
import { TokenForm } from './token-form.tsx'
import type { PageModel } from './wire.ts'

function App() {
  const [token, setToken] = useState(readToken)
  const [model, setModel] = useState<PageModel>()
  const [refusal, setRefusal] = useState<Error>()
  useEffect(() => {
    setRefusal(undefined)
    ask<PageModel>('page/model.json', { token })
      .then((found) => {
        takeNames(found.card)
        document.title = `${nameOf(found.card.target)} · shapserve`
        setModel(found)
      })
      .catch(setRefusal)
  }, [token])
  if (model)
    return (
      <ModelView
        model={model}
        token={token}
        onRefused={() => {
          setModel(undefined)
          setToken('')
        }}
      />
    )
  if (refusal instanceof Refusal && refusal.status === 401)
    return (
      <TokenForm
        wasWrong={token !== ''}
        onToken={(given) => {
          keepToken(given)
          setToken(given)
        }}
      />
    )
  if (refusal)
    return (
      <p class="wait" role="alert">
        The model does not answer: {refusal.message}
      </p>
    )
  return <p class="wait">Loading the model …</p>
}

const place = document.getElementById('page')
if (place) {
  place.textContent = ''
  render(<App />, place)
}
