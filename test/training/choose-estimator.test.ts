/** Estimators by the names of an engine and of one of its estimators. */
import t from 'tap'
import { engines } from '../../src/estimators/index.ts'
import { loadEstimator } from '../../src/training/choose-estimator.ts'

t.test('an engine may lack an estimator; the refusal says who has it', async (t) => {
  const { decision_tree: tree, ...rest } = engines.mljs.estimators
  const lacking = { ...engines, mljs: { ...engines.mljs, estimators: rest } }
  const choice = { engine: 'mljs', estimator: 'decision_tree' } as const
  await t.rejects(loadEstimator(choice, lacking), {
    code: 'invalid_parameter',
    message: 'the engine mljs has no decision_tree; choose the engine native',
  })
  t.equal(await loadEstimator(choice), await tree?.(), 'nothing is wrong where it has one')
  t.equal((await loadEstimator({ ...choice, engine: 'native' }, lacking)).shortName, 'tree')
})
