package io.fairlead;

import io.fairlead.config.GroupConfig;
import io.fairlead.config.HostPort;
import io.fairlead.proxy.DataPlane;
import io.fairlead.proxy.http.QuicMembers;
import io.fairlead.runtime.Scheduler;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Tells the other instances of the group how connections by HTTP/3 of this one are called, and
 * where their datagrams may be passed on to; and hears the same of them. The place is the address
 * of this instance in the group, by UDP. It is open while clients can come in by HTTP/3.
 */
final class QuicKeeper {
  private static final Duration AGAIN = Duration.ofSeconds(1);

  private final DataPlane dataPlane;
  private final Scheduler control;
  private final Consumer<Event> events;
  private @Nullable GroupConfig group;

  /** Where others reach this one; null: it is not open. */
  private @Nullable InetSocketAddress place;

  private long triedNanos;
  private String trouble = "";
  private Map<String, String> signs = Map.of();

  QuicKeeper(DataPlane dataPlane, Scheduler control, Consumer<Event> events) {
    this.dataPlane = dataPlane;
    this.control = control;
    this.events = events;
  }

  /**
   * This instance is a member of that group. Opens what is needed at once: the process before may
   * have connections that others know of.
   */
  synchronized void join(GroupConfig config) {
    group = config;
    triedNanos = control.nanoTime() - AGAIN.toNanos();
    String _ = shown();
    publish();
  }

  /** The peers may have changed. */
  synchronized void follow(GroupConfig changed) {
    GroupConfig present = group;
    if (present != null) {
      group = present.following(changed);
      publish();
    }
  }

  /** It is in no group any more, or another process of this machine goes on with it. */
  synchronized void leave() {
    group = null;
    place = null;
    signs = Map.of();
    dataPlane.closeQuicSide();
    dataPlane.quicDoors().follow(QuicMembers.NONE, Set.of());
  }

  /** What the others are shown; empty: nothing. Opens and closes what is needed for it. */
  synchronized String shown() {
    GroupConfig config = group;
    boolean wanted = config != null && !dataPlane.quicDoors().isEmpty();
    if (!wanted && place != null) {
      place = null;
      dataPlane.closeQuicSide();
    }
    if (config == null || !wanted) {
      return "";
    }
    if (place == null && control.nanoTime() - triedNanos >= AGAIN.toNanos()) {
      triedNanos = control.nanoTime();
      open(config);
    }
    InetSocketAddress open = place;
    if (open == null) {
      return "";
    }
    StringBuilder text = new StringBuilder();
    text.append(new HostPort(open.getAddress().getHostAddress(), open.getPort()));
    for (int tag : dataPlane.quicDoors().tags()) {
      text.append(' ').append(Integer.toHexString(tag));
    }
    return text.toString();
  }

  private void open(GroupConfig config) {
    String why = "";
    // Where bind is every address, others believe what comes from the one that they know.
    for (HostPort at : new LinkedHashSet<>(List.of(config.address(), config.bind()))) {
      try {
        InetAddress known = InetAddress.getByName(config.address().host());
        dataPlane.openQuicSide(new InetSocketAddress(InetAddress.getByName(at.host()), at.port()));
        place = new InetSocketAddress(known, at.port());
        if (!trouble.isEmpty()) {
          trouble = "";
          events.accept(
              new Event.GroupChanged(
                  config.name(), "datagrams of HTTP/3 are passed on among instances"));
        }
        return;
      } catch (UnknownHostException e) {
        why = "nobody knows the address of " + config.address();
      } catch (IOException e) {
        why = String.valueOf(e.getMessage());
      }
    }
    if (!why.equals(trouble)) {
      trouble = why;
      events.accept(
          new Event.GroupTrouble(
              config.name(),
              "connections by HTTP/3 break off when their datagrams come to another instance: "
                  + why
                  + "; it is tried again"));
    }
  }

  /** What instances show, by name. */
  synchronized void heard(Map<String, String> shown) {
    signs = shown;
    publish();
  }

  private void publish() {
    GroupConfig config = group;
    if (config == null) {
      return;
    }
    Set<InetAddress> hosts = new HashSet<>();
    for (HostPort peer : config.peers().values()) {
      try {
        hosts.add(InetAddress.ofLiteral(peer.host()));
      } catch (IllegalArgumentException _) {
        // A name: what it shows will tell.
      }
    }
    List<QuicMembers.Member> members = new ArrayList<>();
    Set<Integer> taken = new HashSet<>();
    new TreeMap<>(signs)
        .forEach((name, text) -> {
          QuicMembers.Member member = name.equals(config.instance()) ? null : read(text);
          if (member != null) {
            members.add(member);
            if (name.compareTo(config.instance()) < 0) {
              taken.addAll(member.tags());
            }
          }
        });
    dataPlane.quicDoors().follow(new QuicMembers(members, hosts), taken);
  }

  /** Null: that is something else. */
  static QuicMembers.@Nullable Member read(String text) {
    String[] words = text.split(" ", -1);
    try {
      HostPort place = HostPort.parse(words[0]);
      Set<Integer> tags = new HashSet<>();
      for (int i = 1; i < words.length; i++) {
        int tag = Integer.parseInt(words[i], 16);
        if (tag >= 0 && tag < QuicMembers.TAGS) {
          tags.add(tag);
        }
      }
      return new QuicMembers.Member(
          new InetSocketAddress(InetAddress.ofLiteral(place.host()), place.port()), tags);
    } catch (IllegalArgumentException _) {
      return null;
    }
  }
}
