package io.fairlead;

import io.fairlead.proxy.tls.TlsListener;
import io.fairlead.takeover.HandedState.HandedTicketKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * The keys of session tickets that instances of a group tell each other, so that a client that
 * comes to another front end, as it does when its own goes, need not prove and be proven everything
 * anew. Each makes its own and accepts those of all: nobody has to be asked, and none is on disk.
 *
 * <p>All are told every two seconds, and at once where something new was heard; keys of the others
 * as well, as an instance that begins again hears of its own past only from them. They are secrets,
 * so they are told only where what is told is encrypted, or does not leave the machine.
 */
final class SharedTickets {
  private static final String TOPIC = "tickets\t";
  private static final long EVERY_NANOS = Duration.ofSeconds(2).toNanos();

  /** Keys that one line tells of: 40 kilobytes of usual names. */
  private static final int MOST = 400;

  private final Consumer<String> teller;
  private final Queue<HandedTicketKey> heard = new ArrayBlockingQueue<>(4 * MOST);
  private volatile boolean together;
  private long toldNanos;

  /**
   * @param teller tells all other instances a line
   */
  SharedTickets(Consumer<String> teller) {
    this.teller = teller;
  }

  /** From now on this instance is in a group where secrets may be told, or not. */
  void follow(boolean together) {
    this.together = together;
  }

  /** Somebody has told something. Any thread. */
  void hear(String line) {
    if (!together || !line.startsWith(TOPIC)) {
      return;
    }
    for (String word : line.substring(TOPIC.length()).split("\t", -1)) {
      String[] parts = word.split(" ", -1);
      try {
        boolean _ = heard.offer(new HandedTicketKey(parts[0], parts[1], Long.parseLong(parts[2])));
      } catch (NumberFormatException | IndexOutOfBoundsException _) {
        return; // it knows this better than we do
      }
    }
  }

  /** Accepts what was heard and tells what is due. One thread at a time. */
  void turn(Map<String, TlsListener> listeners, long now) {
    boolean news = false;
    for (HandedTicketKey one = heard.poll(); one != null; one = heard.poll()) {
      news |= accept(one, listeners, now);
    }
    if (together && (news || now - toldNanos >= EVERY_NANOS)) {
      toldNanos = now;
      tell(all(listeners, now));
    }
  }

  /** Accepts those of a process before this one, at once. One thread at a time. */
  static void learn(List<HandedTicketKey> keys, Map<String, TlsListener> listeners, long now) {
    for (HandedTicketKey key : keys) {
      boolean _ = accept(key, listeners, now);
    }
    listeners.values().forEach(listener -> listener.turnTickets(now));
  }

  private static boolean accept(HandedTicketKey key, Map<String, TlsListener> listeners, long now) {
    TlsListener listener = listeners.get(key.listener());
    try {
      return listener != null
          && listener.acceptTickets(
              Base64.getDecoder().decode(key.key()), Duration.ofMillis(key.leftMillis()), now);
    } catch (IllegalArgumentException _) {
      return false; // no Base64: it knows this better than we do
    }
  }

  /** Those of all listeners. One thread at a time. */
  static List<HandedTicketKey> all(Map<String, TlsListener> listeners, long now) {
    List<HandedTicketKey> keys = new ArrayList<>();
    listeners.forEach((name, listener) ->
        listener.tellTickets(
            (key, left) ->
                keys.add(
                    new HandedTicketKey(
                        name, Base64.getEncoder().encodeToString(key), left.toMillis())),
            now));
    return keys;
  }

  private void tell(List<HandedTicketKey> keys) {
    for (int i = 0; i < keys.size(); i += MOST) {
      teller.accept(
          keys.subList(i, Math.min(i + MOST, keys.size())).stream()
              .map(key -> key.listener() + " " + key.key() + " " + key.leftMillis())
              .collect(Collectors.joining("\t", TOPIC, "")));
    }
  }
}
