package io.fairlead.admin;

import io.fairlead.dns.DnsCounter;
import io.fairlead.dns.DnsView;
import io.fairlead.dns.Forced;
import io.fairlead.group.GroupException;
import io.fairlead.telemetry.LoopCounters;
import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The name server of the instance, as its operator sees it. */
public interface DnsDoor {
  List<DnsView.Zone> zones();

  /**
   * What an operator says of a member counts from now on, in a group in all its instances.
   *
   * @return what is wrong; null: nothing
   * @throws GroupException if the group's majority does not answer
   */
  @Nullable String force(String name, String address, Forced said) throws GroupException;

  /** The answer that such a client would get now. */
  DnsView.Asked ask(String name, int type, InetAddress client);

  LoopCounters<DnsCounter> counters();

  List<DnsView.Code> codes();

  List<DnsView.Counted> counted();

  int connections();
}
