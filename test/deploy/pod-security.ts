/**
 * The restricted Pod Security Standard of Kubernetes, as far as it concerns Linux:
 * https://kubernetes.io/docs/concepts/security/pod-security-standards/
 */

/** What of a pod's specification the standard looks at. */
export interface PodSpec {
  readonly hostNetwork?: boolean
  readonly hostPID?: boolean
  readonly hostIPC?: boolean
  readonly securityContext?: SecurityContext
  readonly containers: readonly Container[]
  readonly initContainers?: readonly Container[]
  readonly ephemeralContainers?: readonly Container[]
  readonly volumes?: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[]
}

export interface SecurityContext {
  readonly privileged?: boolean
  readonly allowPrivilegeEscalation?: boolean
  readonly readOnlyRootFilesystem?: boolean
  readonly runAsNonRoot?: boolean
  readonly runAsUser?: number
  readonly procMount?: string
  readonly seccompProfile?: { readonly type: string }
  readonly appArmorProfile?: { readonly type: string }
  readonly seLinuxOptions?: {
    readonly type?: string
    readonly user?: string
    readonly role?: string
  }
  readonly sysctls?: readonly { readonly name: string }[]
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
}

export interface Container {
  readonly name: string
  readonly securityContext?: SecurityContext
  readonly ports?: readonly {
    readonly name?: string
    readonly containerPort: number
    readonly hostPort?: number
  }[]
}

const volumeTypes = new Set([
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'image',
  'persistentVolumeClaim',
  'projected',
  'secret',
])

const safeSysctls = new Set([
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
])

/** Returns what a pod has that the standard forbids; empty for one that is admitted. */
export function findViolations(pod: PodSpec): string[] {
  const { securityContext: own = {}, volumes = [] } = pod
  const found = (['hostNetwork', 'hostPID', 'hostIPC'] as const).filter((name) => pod[name])
  const all = [pod.containers, pod.initContainers ?? [], pod.ephemeralContainers ?? []].flat()
  return [
    ...found,
    ...violationsOfBoth(own, 'pod'),
    ...(own.sysctls ?? [])
      .filter(({ name }) => !safeSysctls.has(name))
      .map(({ name }) => `sysctl ${name}`),
    ...volumes.flatMap(({ name, ...source }) =>
      Object.keys(source)
        .filter((type) => !volumeTypes.has(type))
        .map((type) => `volume ${name} of type ${type}`),
    ),
    ...all.flatMap((container) => violationsOf(container, own)),
  ]
}

function violationsOf(
  { name, securityContext: own = {}, ports = [] }: Container,
  pod: SecurityContext,
) {
  const { add = [], drop = [] } = own.capabilities ?? {}
  const either = { ...pod, ...own }
  const checks: readonly (readonly [boolean, string])[] = [
    [own.privileged === true, 'privileged'],
    [own.allowPrivilegeEscalation !== false, 'allowPrivilegeEscalation'],
    [either.runAsNonRoot !== true, 'runAsNonRoot'],
    [either.seccompProfile === undefined, 'seccompProfile'],
    [!drop.includes('ALL'), 'capabilities.drop'],
    [add.some((one) => one !== 'NET_BIND_SERVICE'), 'capabilities.add'],
    [!['Default', undefined].includes(own.procMount), 'procMount'],
    [ports.some(({ hostPort = 0 }) => hostPort !== 0), 'hostPort'],
  ]
  return [
    ...checks.filter(([isViolated]) => isViolated).map(([, what]) => `${name}: ${what}`),
    ...violationsOfBoth(own, name),
  ]
}

/** What holds of pods and containers alike. */
function violationsOfBoth(own: SecurityContext, name: string): string[] {
  const { type, user = '', role = '' } = own.seLinuxOptions ?? {}
  const selinux = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t']
  const checks: readonly (readonly [boolean, string])[] = [
    [own.runAsNonRoot === false, 'runAsNonRoot'],
    [own.runAsUser === 0, 'runAsUser'],
    [own.seccompProfile?.type === 'Unconfined', 'seccompProfile'],
    [own.appArmorProfile?.type === 'Unconfined', 'appArmorProfile'],
    [!selinux.includes(type ?? '') || user !== '' || role !== '', 'seLinuxOptions'],
  ]
  return checks.filter(([isViolated]) => isViolated).map(([, what]) => `${name}: ${what}`)
}
