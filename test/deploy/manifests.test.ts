/** The manifests of `deploy/` say nothing that the program does not know: settings, ports, paths, times, names. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { settings } from '../../src/config.ts'
import { VERSION } from '../../src/version.ts'
import { root } from '../command.ts'
import {
  argsOf,
  configOf,
  type Document,
  documents,
  envOfContainer,
  imageEnv,
  kubernetesFiles,
  ofKind,
  pods,
  type ServerContainer,
  sageMakerEnv,
  stage,
} from './documents.ts'

/** Time beyond the drain's limit after which a service may be killed, in milliseconds. */
const MARGIN_MS = 10_000
/** What a pod gets that does not say how long it may take to end. */
const USUAL_GRACE_SECONDS = 30
const known = new Set(settings.flatMap(({ env }) => env))
const compose = documents.get('deploy/compose.yaml')

const containers: readonly (readonly [string, ServerContainer])[] = Object.entries(pods).map(
  ([name, { containers }]) => [name, containers[0]],
)

t.test('variables and flags are those of settings, with values that these take', async (t) => {
  for (const [name, container] of containers) {
    const env = envOfContainer(container)
    // KServe's own, by which it finds the model of a container that is no runtime's.
    const { STORAGE_URI, ...own } = env
    for (const variable of Object.keys(own)) t.ok(known.has(variable), `${name}: ${variable}`)
    t.equal(container.args[0], 'serve', name)
    t.ok(configOf(argsOf(container), env), name)
  }
  const composed = compose.services.shapserve.environment
  for (const variable of Object.keys(composed)) t.ok(known.has(variable), variable)
  t.ok(configOf(['serve'], composed))
  t.throws(() => configOf(['serve', '--drain-graze-ms=5'], {}), /unknown option/)
  t.throws(() => configOf(['serve'], { DRAIN_MS: 'long' }), /DRAIN_MS is "long"/)
})

t.test('the image sets what there is', async (t) => {
  const others = ['NODE_ENV', 'NODE_COMPILE_CACHE', 'MALLOC_ARENA_MAX', 'MALLOC_MMAP_THRESHOLD_']
  for (const name of Object.keys({ ...imageEnv, ...sageMakerEnv }))
    t.ok(known.has(name) || others.includes(name), name)
  t.ok(configOf(['serve'], sageMakerEnv).allowUnauthenticated)
  const runtime = stage('runtime')
  const config = configOf(['serve'], {})
  t.notOk(config.allowUnauthenticated)
  t.ok(runtime.includes(`EXPOSE ${config.port}`))
  const label = /image\.version="([^"]*)"/.exec(runtime.join('\n'))?.[1]
  t.equal(label, VERSION)
  // What the health check asks at is what the service listens at.
  const healthCheck = readFileSync(join(root, 'scripts/healthcheck.mjs'), 'utf8')
  const asked = [...healthCheck.matchAll(/process\.env\.(\w+)/g)].map(([, name]) => name)
  const env = (key: string) => settings.find((setting) => setting.key === key)?.env
  t.strictSame(asked, [...env('port')!, ...env('host')!])
  t.match(healthCheck, `|| ${config.port})`)
  const ignored = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n')
  const copied = [...stage('build'), ...runtime]
    .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
    .flatMap((line) => line.split(' ').slice(1, -1))
  for (const path of copied) t.ok(ignored.includes(`!${path.split('/')[0]}`), `${path} is sent`)
})

t.test('who is stopped is not killed before it has answered', async (t) => {
  for (const [name, pod] of Object.entries(pods)) {
    const config = configOf(argsOf(pod.containers[0]), envOfContainer(pod.containers[0]))
    const graceMs = (pod.terminationGracePeriodSeconds ?? USUAL_GRACE_SECONDS) * 1000
    t.ok(graceMs >= config.drainMs + MARGIN_MS, `${name}: ${graceMs} ms for ${config.drainMs}`)
    t.ok(config.drainGraceMs >= 5000, `${name}: a Service has time to notice`)
    t.ok(config.drainGraceMs < config.drainMs, name)
    t.notOk('lifecycle' in pod.containers[0], `${name}: no preStop hook waits as well`)
  }
  const [container] = pods['Deployment']!.containers
  const { drainMs, deadlineMs } = configOf(['serve'], envOfContainer(container))
  t.ok(drainMs >= deadlineMs, 'the longest request is answered')
  const { stop_grace_period: period, environment } = compose.services.shapserve
  const composed = configOf(['serve'], environment)
  t.ok(Number.parseInt(period, 10) * 1000 >= composed.drainMs + MARGIN_MS, 'compose')
})

t.test('ports, probes and mounts meet', async (t) => {
  for (const [name, container] of containers) {
    const config = configOf(argsOf(container), envOfContainer(container))
    const ports = new Map(container.ports?.map((port) => [port.name, port.containerPort]))
    t.ok([...ports.values()].includes(config.port), `${name}: port ${config.port}`)
    const { startupProbe, readinessProbe, livenessProbe } = container
    for (const probe of [startupProbe, readinessProbe, livenessProbe]) {
      const port = probe?.httpGet.port
      if (port !== undefined) t.equal(ports.get(String(port)) ?? port, config.port, name)
    }
    // A pod that is ending must not be restarted for it.
    if (livenessProbe) t.not(livenessProbe.httpGet.path, '/ping', name)
    if (startupProbe) t.equal(startupProbe.httpGet.path, '/ping', name)
    for (const amount of ['cpu', 'memory'])
      t.ok(container.resources.requests[amount] && container.resources.limits[amount], name)
  }
  const [container] = pods['Deployment']!.containers
  const config = configOf(['serve'], envOfContainer(container))
  const ports = container.ports!.map((port) => port.name)
  t.match(
    config.metrics,
    `:${container.ports!.find((port) => port.name === 'metrics')?.containerPort}`,
  )
  for (const { targetPort } of ofKind('Service').spec.ports) t.ok(ports.includes(targetPort))
  for (const rule of ofKind('NetworkPolicy').spec.ingress)
    for (const { port } of rule.ports) t.ok(ports.includes(port))
  const served = ofKind('Service').spec.ports.map((port: { name: string }) => port.name)
  for (const { port, path, authorization } of ofKind('ServiceMonitor').spec.endpoints) {
    t.ok(served.includes(port))
    t.equal(path, '/metrics')
    t.equal(authorization.credentials.name, volume('tokens').secret.secretName)
  }
  const mounts = new Map(container.volumeMounts?.map((mount) => [mount.mountPath, mount.name]))
  t.equal(mounts.get(dirname(config.modelDir)), 'model')
  t.equal(mounts.get(dirname(config.tokenFile)), 'tokens')
  const [item] = volume('tokens').secret.items
  t.equal(`/tokens/${item.path}`, config.tokenFile)
})

t.test('names meet', async (t) => {
  const kustomization = documents.get('deploy/kubernetes/kustomization.yaml')
  const folder = 'deploy/kubernetes'
  const listed = [
    'kustomization.yaml',
    ...kustomization.resources,
    'monitoring/kustomization.yaml',
    ...documents
      .get(`${folder}/monitoring/kustomization.yaml`)
      .resources.map((name: string) => `monitoring/${name}`),
  ]
  t.strictSame(kubernetesFiles, listed.map((name) => `${folder}/${name}`).sort())
  const deployment = ofKind('Deployment')
  t.equal(ofKind('HorizontalPodAutoscaler').spec.scaleTargetRef.name, deployment.metadata.name)
  t.notOk('replicas' in deployment.spec, 'the autoscaler says how many')
  t.equal(kustomization.namespace, ofKind('Namespace').metadata.name)
  const [generator] = kustomization.configMapGenerator
  t.equal(volume('model').configMap.name, generator.name)
  t.ok(
    generator.files.includes(
      configOf(['serve'], envOfContainer(deployment.spec.template.spec.containers[0]))
        .modelDir.split('/')
        .pop(),
    ),
  )
  const [pair] = kustomization.labels
  const [key, value] = Object.entries(pair.pairs)[0]!
  const spread = deployment.spec.template.spec.topologySpreadConstraints[0]
  for (const { matchLabels } of [
    ofKind('ServiceMonitor').spec.selector,
    ofKind('PodDisruptionBudget').spec.selector,
    ofKind('NetworkPolicy').spec.podSelector,
    spread.labelSelector,
  ])
    t.equal(matchLabels[key], value)
})

t.test('images are those of this version', async (t) => {
  const [image] = documents.get('deploy/kubernetes/kustomization.yaml').images
  t.equal(pods['Deployment']!.containers[0].image, image.name)
  t.equal(image.newTag, VERSION)
  for (const name of ['ClusterServingRuntime', 'explainer'])
    t.equal(pods[name]!.containers[0].image, `${image.name}:${VERSION}`, name)
  for (const service of Object.values<{ image: string }>(compose.services))
    t.equal(service.image, `${image.name}:${VERSION}`)
  t.ok(stage(compose.services.shapserve.build.target).length > 0, 'the stage is there')
})

t.test('KServe: the service and its explainer have one name and one model', async (t) => {
  const { metadata, spec } = ofKind('InferenceService')
  const runtime = ofKind('ClusterServingRuntime')
  t.equal(spec.predictor.model.runtime, runtime.metadata.name)
  const formats = runtime.spec.supportedModelFormats.map(({ name }: { name: string }) => name)
  t.ok(formats.includes(spec.predictor.model.modelFormat.name))
  const { explainer } = pods
  const [container] = explainer!.containers
  const config = configOf(argsOf(container), envOfContainer(container))
  t.equal(config.modelName, metadata.name)
  t.equal(envOfContainer(container)['STORAGE_URI'], spec.predictor.model.storageUri)
  for (const [, { name }] of containers.filter(([of]) => of !== 'Deployment'))
    t.equal(name, 'kserve-container', 'the container that KServe gives the model')
  const [served] = pods['ClusterServingRuntime']!.containers
  t.equal(configOf(argsOf(served), {}).modelDir, '/mnt/models')
  t.match(
    configOf(argsOf(served), {}).metrics,
    runtime.spec.annotations['prometheus.kserve.io/port'],
  )
})

/** Returns a volume of the Deployment. */
function volume(name: string): Document {
  return pods['Deployment']!.volumes?.find((volume) => volume.name === name)
}
