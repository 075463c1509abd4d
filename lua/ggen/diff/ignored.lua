-- Attributes that are others each time, however alike two traces are: globs over their names. The
-- names are those of OpenTelemetry's conventions, and of what plain writers of traces use.
-- SPDX-License-Identifier: MIT
return {
  -- who it was
  "thread.id", "thread.name", "process.pid", "process.parent_pid", "pid", "tid", "worker",
  "host.id", "host.name", "container.id", "container.name", "k8s.pod.*", "service.instance.id",
  "*session.id", "*session_id", "*request.id", "*request_id", "*correlation_id", "*.uuid", "uuid",
  "trace_id", "span_id", "parent_span_id", "client.port", "network.*.port", "net.*.port",
  -- when it was
  "*timestamp*", "*_time", "*_at", "time", "ts", "start", "end", "duration", "*_nano", "*_unix",
  "busy_ns", "idle_ns", "time.busy", "time.idle",
  -- of our own records: shown with what it explains
  "reason",
}
