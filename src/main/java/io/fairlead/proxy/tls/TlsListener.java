package io.fairlead.proxy.tls;

import io.fairlead.config.ListenerTls;
import io.fairlead.telemetry.HandshakeFailure;
import io.fairlead.telemetry.LoopCounters;
import io.fairlead.telemetry.TlsCounter;
import java.io.IOException;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.net.ssl.SSLEngine;
import org.jspecify.annotations.Nullable;

/**
 * What the connections of one listener with TLS share: certificates and policy, which are replaced
 * as a whole, ticket keys, bounds and counters. Methods without another word are for the one thread
 * that changes the configuration.
 */
public final class TlsListener {
  private static final long SECOND = 1_000_000_000L;

  /**
   * A certificate that is shown.
   *
   * @param file where it came from
   * @param names in it
   * @param certificate itself
   */
  public record Shown(String file, List<String> names, X509Certificate certificate) {}

  /** Somebody who is told the keys of session tickets. */
  public interface TicketKeyTaker {
    /**
     * Is told one.
     *
     * @param key a secret: whoever has it reads what clients say under its tickets
     * @param left how long it may live
     */
    void take(byte[] key, Duration left);
  }

  /** When the next handshake of a loop is due if its share of the rate is used up. */
  private static final class Pace {
    long dueNanos;
  }

  private final String name;
  private final List<String> protocols;
  private final LoopCounters<TlsCounter> counters;
  private final LoopCounters<HandshakeFailure> failures;
  private final List<Pace> paces = new ArrayList<>();
  private final AtomicInteger going = new AtomicInteger();
  private @Nullable TicketKeys tickets;
  private boolean newTickets;
  private final TlsChallenges challenges;
  private volatile @Nullable ServerTls current;

  /**
   * @param name the listener's
   * @param protocols what it speaks, as ALPN calls it, in its order; empty: it does not say
   * @param challenges what it answers to authorities that issue certificates
   */
  public TlsListener(String name, List<String> protocols, int loops, TlsChallenges challenges) {
    this.name = name;
    this.challenges = challenges;
    this.protocols = List.copyOf(protocols);
    this.counters = new LoopCounters<>(loops, TlsCounter.class);
    this.failures = new LoopCounters<>(loops, HandshakeFailure.class);
    long now = System.nanoTime();
    for (int i = 0; i < loops; i++) {
      Pace pace = new Pace();
      pace.dueNanos = now;
      paces.add(pace);
    }
  }

  /**
   * Reads certificates and makes everything ready; nothing is shown yet.
   *
   * @param byQuic whether clients may come by HTTP/3, too
   * @throws IOException naming the file and what is wrong with it
   */
  public ServerTls load(ListenerTls config, boolean byQuic) throws IOException {
    return ServerTls.of(name, config, protocols, byQuic, tickets(config));
  }

  private TicketKeys tickets(ListenerTls config) {
    TicketKeys known = tickets;
    if (known == null) {
      known = new TicketKeys(new SecureRandom(), config.tickets(), System.nanoTime());
      tickets = known;
    }
    return known;
  }

  /**
   * Shows these from now on; connections that are open stay as they are.
   *
   * @return what was shown before, to be released when no loop can be using it
   */
  public @Nullable ServerTls publish(ServerTls next) {
    ServerTls before = current;
    next.useTickets(tickets(next.config())); // they may be newer than it is
    current = next;
    return before;
  }

  /** Speaks TLS no more: a handshake that has not begun by now ends with an error. */
  public void end(Consumer<ServerTls> retire) {
    ServerTls last = current;
    if (last != null) {
      retire.accept(last);
    }
  }

  /** Changes ticket keys if it is time, and uses those that were accepted since the last turn. */
  public void turnTickets(long now) {
    ServerTls shown = current;
    if (shown != null
        && (tickets(shown.config()).turn(shown.config().tickets(), now) || newTickets)) {
      newTickets = false;
      shown.useTickets(tickets(shown.config()));
    }
  }

  /**
   * From the next turn on accepts sessions under the ticket key of somebody else who serves the
   * same clients.
   *
   * @param left how long the key may live
   * @return whether it was not known, and is of use
   */
  public boolean acceptTickets(byte[] key, Duration left, long now) {
    ServerTls shown = current;
    boolean accepted =
        shown != null
            && shown.config().tickets().enabled()
            && tickets(shown.config()).accept(key, left, shown.config().tickets(), now);
    newTickets |= accepted;
    return accepted;
  }

  /** Tells all keys of session tickets, those of others as well. */
  public void tellTickets(TicketKeyTaker taker, long now) {
    ServerTls shown = current;
    if (shown != null && shown.config().tickets().enabled()) {
      tickets(shown.config()).tell(taker, now);
    }
  }

  /** Any thread. */
  public List<Shown> shown() {
    ServerTls tls = current;
    return tls == null
        ? List.of()
        : tls.certificates().stream()
            .map(one -> new Shown(one.config.toString(), one.names, one.certificate()))
            .toList();
  }

  public LoopCounters<TlsCounter> counters() {
    return counters;
  }

  public LoopCounters<HandshakeFailure> failures() {
    return failures;
  }

  /** Handshakes going on. Any thread. */
  public int handshaking() {
    return going.get();
  }

  /** What authorities that issue certificates are answered. Any thread. */
  TlsChallenges challenges() {
    return challenges;
  }

  /** What is shown to those who come by QUIC; null: nothing. Any thread. */
  public @Nullable QuicTls quic() {
    return current().quic();
  }

  /** How long a handshake may take. Any thread. */
  public long handshakeNanos() {
    return current().config().handshakeTimeout().toNanos();
  }

  /** What is told about the certificate of the client at the other end. */
  public TlsSession sessionByQuic(SSLEngine engine) {
    return new TlsSession(
        QuicTls.HTTP_3, ClientCertificate.shown(engine, current().config().forwardClientCert()));
  }

  /** What is shown now. Any thread. */
  ServerTls current() {
    ServerTls tls = current;
    if (tls == null) {
      throw new IllegalStateException("nothing has been published");
    }
    return tls;
  }

  /**
   * Counts a handshake in; false if there are too many, and then it is not counted. On that loop.
   */
  public boolean begin(int loop, long now) {
    ListenerTls.Handshakes bounds = current().config().handshakes();
    if (going.incrementAndGet() > bounds.atOnce() || !isPaced(loop, now, bounds.rate())) {
      going.decrementAndGet();
      failures.increment(loop, HandshakeFailure.LIMITED);
      return false;
    }
    return true;
  }

  /** A second's worth may come at once (the virtual scheduling of ITU-T I.371, A). */
  private boolean isPaced(int loop, long now, int rate) {
    Pace pace = paces.get(loop);
    long step = SECOND * paces.size() / rate;
    if (pace.dueNanos - now > SECOND - step && pace.dueNanos > now) {
      return false;
    }
    pace.dueNanos = Math.max(pace.dueNanos, now) + step;
    return true;
  }

  /** Counts a handshake out. */
  public void ended() {
    going.decrementAndGet();
  }
}
