package io.fairlead.admin;

import io.fairlead.dns.DnsCounter;
import io.fairlead.dns.DnsView;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.Metric;
import io.fairlead.telemetry.MetricsWriter;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes the metrics of the name server; nothing where there is none. */
final class DnsMetrics {
  private static final List<DnsCounter> ERRORS =
      List.of(
          DnsCounter.FORMERR,
          DnsCounter.NOTIMP,
          DnsCounter.REFUSED,
          DnsCounter.BADVERS,
          DnsCounter.NOTAUTH,
          DnsCounter.SERVFAIL);

  private DnsMetrics() {}

  static void write(MetricsWriter page, Metric metric, @Nullable DnsDoor dns) throws IOException {
    if (dns == null) {
      return;
    }
    page.family(metric);
    LoopCounters<DnsCounter> counters = dns.counters();
    switch (metric) {
      case DNS_QUERIES -> {
        page.sample(metric, counters.get(DnsCounter.UDP_QUERIES), "udp");
        page.sample(metric, counters.get(DnsCounter.TCP_QUERIES), "tcp");
      }
      case DNS_RESPONSES -> {
        for (DnsView.Code code : dns.codes()) {
          page.sample(metric, code.count(), code.zone(), code.code());
        }
        for (DnsCounter error : ERRORS) {
          page.sample(metric, counters.get(error), "", error.name().toLowerCase(Locale.ROOT));
        }
      }
      case DNS_DROPPED -> {
        page.sample(metric, counters.get(DnsCounter.DROPPED), "garbage");
        page.sample(metric, counters.get(DnsCounter.RATE_DROPPED), "rate");
      }
      case DNS_TRUNCATED -> {
        page.sample(metric, counters.get(DnsCounter.TRUNCATED), "size");
        page.sample(metric, counters.get(DnsCounter.RATE_SLIPPED), "rate");
      }
      case DNS_COOKIES -> {
        page.sample(metric, counters.get(DnsCounter.COOKIES_GOOD), "good");
        page.sample(metric, counters.get(DnsCounter.COOKIES_BAD), "bad");
      }
      case DNS_CONNECTIONS -> page.sample(metric, (long) dns.connections());
      case DNS_CONNECTIONS_TOTAL -> {
        page.sample(metric, counters.get(DnsCounter.TCP_CONNECTIONS), "accepted");
        page.sample(metric, counters.get(DnsCounter.TCP_REFUSED), "refused");
      }
      default -> {
        for (DnsView.Counted name : dns.counted()) {
          page.sample(metric, name.answers(), name.name(), "chosen");
          page.sample(metric, name.failOpen(), name.name(), "fail_open");
          page.sample(metric, name.empty(), name.name(), "empty");
        }
      }
    }
  }
}
