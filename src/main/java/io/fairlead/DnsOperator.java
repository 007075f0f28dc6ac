package io.fairlead;

import io.fairlead.admin.DnsDoor;
import io.fairlead.dns.DnsCounter;
import io.fairlead.dns.DnsServer;
import io.fairlead.dns.DnsView;
import io.fairlead.dns.Forced;
import io.fairlead.group.Group;
import io.fairlead.group.GroupException;
import io.fairlead.runtime.ControlThread;
import io.fairlead.telemetry.LoopCounters;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The name server as the admin door sees it. */
final class DnsOperator implements DnsDoor {
  private final DnsServer server;
  private final ControlThread control;
  private final @Nullable Group group;

  /**
   * @param group whose instances share what operators say; null: this instance is in none
   */
  DnsOperator(DnsServer server, ControlThread control, @Nullable Group group) {
    this.server = server;
    this.control = control;
    this.group = group;
  }

  @Override
  public List<DnsView.Zone> zones() {
    return control.call(server::zones);
  }

  @Override
  public @Nullable String force(String name, String address, Forced said) throws GroupException {
    if (group != null) {
      String objection =
          control.call(() -> Optional.ofNullable(server.objection(name, address))).orElse(null);
      if (objection != null) {
        return objection;
      }
      group
          .frontEnds()
          .say(
              name.toLowerCase(Locale.ROOT),
              InetAddress.ofLiteral(address).getHostAddress(),
              said == Forced.AUTO ? null : said.word());
    }
    return control.call(() -> Optional.ofNullable(server.force(name, address, said))).orElse(null);
  }

  @Override
  public DnsView.Asked ask(String name, int type, InetAddress client) {
    try {
      return server.ask(name, type, client);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Override
  public LoopCounters<DnsCounter> counters() {
    return server.counters();
  }

  @Override
  public List<DnsView.Code> codes() {
    return server.codes();
  }

  @Override
  public List<DnsView.Counted> counted() {
    return server.counted();
  }

  @Override
  public int connections() {
    return server.connections();
  }
}
