/** The check of the restricted Pod Security Standard, one violation at a time; then the pods that are shipped. */
import t from 'tap'
import { pods, shownJobs } from './documents.ts'
import { type Container, findViolations, type PodSpec } from './pod-security.ts'

const container: Container = {
  name: 'c',
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
    capabilities: { drop: ['ALL'] },
  },
}
const secured = container.securityContext!
const pod: PodSpec = { containers: [container] }

function withContext(change: Container['securityContext']): PodSpec {
  return { containers: [{ ...container, securityContext: { ...secured, ...change } }] }
}

t.test('what is admitted', async (t) => {
  const { runAsNonRoot, seccompProfile, ...rest } = secured
  const admitted: readonly (readonly [string, PodSpec])[] = [
    ['all in the container', pod],
    [
      'some of it in the pod',
      {
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'Localhost' } },
        containers: [{ name: 'c', securityContext: rest }],
      },
    ],
    [
      'a port below 1024',
      withContext({ capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } }),
    ],
    ['a usual volume', { ...pod, volumes: [{ name: 'v', configMap: {} }] }],
  ]
  for (const [what, spec] of admitted) t.strictSame(findViolations(spec), [], what)
})

t.test('what is not', async (t) => {
  const { seccompProfile, ...withoutSeccomp } = secured
  const { runAsNonRoot, ...withoutUser } = secured
  const refused: readonly (readonly [PodSpec, string])[] = [
    [{ ...pod, hostNetwork: true }, 'hostNetwork'],
    [{ ...pod, hostPID: true }, 'hostPID'],
    [{ ...pod, hostIPC: true }, 'hostIPC'],
    [{ ...pod, volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'volume v of type hostPath'],
    [{ ...pod, securityContext: { sysctls: [{ name: 'kernel.msgmax' }] } }, 'sysctl kernel.msgmax'],
    [{ ...pod, securityContext: { runAsUser: 0 } }, 'pod: runAsUser'],
    [
      {
        ...pod,
        initContainers: [
          { ...container, name: 'i', securityContext: { ...secured, privileged: true } },
        ],
      },
      'i: privileged',
    ],
    [{ containers: [{ ...container, ports: [{ containerPort: 1, hostPort: 1 }] }] }, 'c: hostPort'],
    [{ containers: [{ ...container, securityContext: withoutSeccomp }] }, 'c: seccompProfile'],
    [{ containers: [{ ...container, securityContext: withoutUser }] }, 'c: runAsNonRoot'],
    [withContext({ allowPrivilegeEscalation: true }), 'c: allowPrivilegeEscalation'],
    [withContext({ capabilities: { drop: ['CHOWN'] } }), 'c: capabilities.drop'],
    [withContext({ capabilities: { drop: ['ALL'], add: ['CHOWN'] } }), 'c: capabilities.add'],
    [withContext({ seccompProfile: { type: 'Unconfined' } }), 'c: seccompProfile'],
    [withContext({ appArmorProfile: { type: 'Unconfined' } }), 'c: appArmorProfile'],
    [withContext({ seLinuxOptions: { type: 'spc_t' } }), 'c: seLinuxOptions'],
    [withContext({ procMount: 'Unmasked' }), 'c: procMount'],
    [withContext({ runAsUser: 0 }), 'c: runAsUser'],
  ]
  for (const [spec, what] of refused) t.strictSame(findViolations(spec), [what], what)
})

t.test('the pods that are shipped, which also write nowhere', async (t) => {
  for (const [name, spec] of Object.entries(pods)) {
    t.strictSame(findViolations(spec), [], name)
    t.equal(spec.automountServiceAccountToken, false, name)
    for (const { securityContext } of spec.containers)
      t.equal(securityContext?.readOnlyRootFilesystem, true, name)
  }
})

t.test(
  'jobs that the documents show are admitted to the namespace, and have what they mount',
  (t) => {
    t.equal(shownJobs.length, 2)
    for (const [path, spec] of shownJobs) {
      t.strictSame(findViolations(spec), [], path)
      const volumes = (spec.volumes ?? []).map(({ name }) => name)
      for (const { args, volumeMounts = [] } of spec.containers) {
        t.strictSame(volumeMounts.map(({ name }) => name).sort(), [...volumes].sort(), path)
        const places = volumeMounts.map(({ mountPath }) => mountPath)
        for (const arg of args.filter((word) => word.startsWith('/')))
          t.ok(
            places.some((place) => arg === place || arg.startsWith(`${place}/`)),
            `${path}: ${arg}`,
          )
      }
    }
    t.end()
  },
)
