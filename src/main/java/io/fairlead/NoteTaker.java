package io.fairlead;

import io.fairlead.config.CommandProbe;
import io.fairlead.config.DatabaseEngine;
import io.fairlead.config.MariadbProbe;
import io.fairlead.config.PostgresqlProbe;
import io.fairlead.config.Probe;
import io.fairlead.config.RedisProbe;
import io.fairlead.config.RoleProbe;
import io.fairlead.health.HealthChecker;
import io.fairlead.health.ProbeResult;
import io.fairlead.telemetry.EventLog;
import io.fairlead.telemetry.RecordNotes;
import org.jspecify.annotations.Nullable;

/** Has events and probes recorded, too, while anything is. */
final class NoteTaker {
  private volatile @Nullable RecordNotes notes;

  NoteTaker(EventLog events, HealthChecker health) {
    events.subscribe(entry -> {
      RecordNotes present = notes;
      if (present != null) {
        present.event(entry.epochMillis(), entry.event());
      }
    });
    health.setListener((service, node, how, result, nanos) -> {
      RecordNotes present = notes;
      if (present != null) {
        boolean passed = result instanceof ProbeResult.Passed;
        present.probe(
            System.currentTimeMillis(),
            service,
            node,
            kind(how),
            passed ? null : result.text(),
            result instanceof ProbeResult.Passed(long took, _) ? took : nanos);
      }
    });
  }

  /** Null: nothing is recorded. */
  void use(@Nullable RecordNotes other) {
    notes = other;
  }

  /** As the configuration calls it; a node that is down and has no probe is asked by TCP. */
  private static String kind(Probe how) {
    return switch (how) {
      case Probe.Tcp _, Probe.None _ -> "tcp";
      case Probe.Talk _ -> "talk";
      case Probe.Http _ -> "http";
      case Probe.Grpc _ -> "grpc";
      case PostgresqlProbe _ -> "postgresql";
      case MariadbProbe _ -> "mariadb";
      case RoleProbe role -> role.engine() == DatabaseEngine.POSTGRESQL ? "postgresql" : "mariadb";
      case RedisProbe _ -> "redis";
      case CommandProbe _ -> "command";
    };
  }
}
