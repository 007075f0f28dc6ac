package io.fairlead.health;

import io.fairlead.config.CommandProbe;
import io.fairlead.config.HealthCheckConfig;
import io.fairlead.config.HostPort;
import io.fairlead.config.MariadbProbe;
import io.fairlead.config.PostgresqlProbe;
import io.fairlead.config.Probe;
import io.fairlead.config.RedisProbe;
import io.fairlead.config.RoleProbe;
import java.net.InetSocketAddress;
import java.util.List;

/** Asks one node once. Waits, so it is called on virtual threads. */
interface Prober {
  /**
   * Asks and waits for the answer.
   *
   * @param deadline when the whole has failed, connecting included
   */
  ProbeResult probe(InetSocketAddress address, Deadline deadline);

  /**
   * What asks as the configuration says.
   *
   * @param address what the node is called where that has to be said
   * @param link how a connection to it is made
   * @param kept what is left of the last time, and is left for the next
   */
  static Prober of(HealthCheckConfig config, HostPort address, ProbeLink link, KeptTalk kept) {
    return switch (config.probe()) {
      case Probe.Tcp _ -> new TcpProber(link);
      case Probe.None _ -> new TcpProber(link); // asked only after a request has failed
      case Probe.Grpc(String service) -> new GrpcProber(service, address.toString(), link);
      case Probe.Talk talk -> new TalkProber(talk, link);
      case PostgresqlProbe database -> new PostgresqlProber(database, link);
      case MariadbProbe database -> new MariadbProber(database, link);
      case CommandProbe(List<String> command) -> new CommandProber(command, address);
      case RoleProbe role -> new RoleProber(role, link, kept);
      case RedisProbe redis -> new RedisProber(redis, link);
      case Probe.Http http -> {
        String host = http.host().isEmpty() ? address.toString() : http.host();
        yield http.version() == Probe.Http.Version.HTTP_2
            ? new Http2Prober(http, host, link)
            : new HttpProber(http, host, link);
      }
    };
  }
}
