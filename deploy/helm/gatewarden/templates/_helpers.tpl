{{- define "gatewarden.labels" -}}
app.kubernetes.io/name: gatewarden
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}
{{- define "gatewarden.selector" -}}
app.kubernetes.io/name: gatewarden
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}
{{- define "gatewarden.container" -}}
name: gatewarden
image: {{ printf "%s:%v" .Values.image.repository .Values.image.tag | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [run, -c, /etc/gatewarden/config/gatewarden.yaml]
ports:
  - {name: https, containerPort: {{ .Values.port }}}
startupProbe:
  exec: {command: [gatewarden, ready, --admin, "127.0.0.1:9901"]}
  periodSeconds: 1
  failureThreshold: 60
readinessProbe:
  exec: {command: [gatewarden, ready, --admin, "127.0.0.1:9901"]}
  periodSeconds: 2
  timeoutSeconds: 3
  failureThreshold: 1
livenessProbe:
  exec: {command: [gatewarden, ready, --live, --admin, "127.0.0.1:9901"]}
  periodSeconds: 10
  timeoutSeconds: 3
lifecycle:
  preStop: {sleep: {seconds: {{ .Values.drainSeconds }}}}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
volumeMounts:
  - {name: gatewarden-config, mountPath: /etc/gatewarden/config, readOnly: true}
  - {name: gatewarden-tls, mountPath: /etc/gatewarden/tls, readOnly: true}
  - {name: gatewarden-state, mountPath: /var/lib/gatewarden}
{{- end }}
{{- define "gatewarden.volumes" -}}
- name: gatewarden-config
  configMap: {name: {{ .Release.Name }}-config}
- name: gatewarden-tls
  secret: {secretName: {{ .Values.tlsSecret }}, defaultMode: 288}
- name: gatewarden-state
  emptyDir: {sizeLimit: 256Mi}
{{- end }}
