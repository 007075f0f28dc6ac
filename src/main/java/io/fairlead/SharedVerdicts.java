package io.fairlead;

import io.fairlead.runtime.Scheduler;
import io.fairlead.service.Node;
import io.fairlead.service.Service;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What other instances of the group find of the nodes that this one has, too.
 *
 * <p>Nobody's word takes a node away here: an instance may be the only one that cannot reach it,
 * and then it alone must do without. But whoever hears that a node has gone down, or come back,
 * looks at once and not when its next probe is due. And of a node that some reach and others do
 * not, each can say so.
 *
 * <p>Each tells which nodes are down for it, and which are not that others have called down: every
 * second, and at once when that changes. What was not repeated for five seconds is forgotten.
 */
final class SharedVerdicts {
  private static final String TOPIC = "verdicts ";
  private static final Duration EVERY = Duration.ofSeconds(1);
  private static final long FRESH_NANOS = Duration.ofSeconds(5).toNanos();

  /** Nodes that one line tells of: thirty kilobytes of usual names. */
  private static final int MOST = 1000;

  /** What one instance has told last: nodes, and whether they are up for it. */
  private record Heard(long nanos, Map<String, Boolean> up) {}

  private final Scheduler control;
  private final Supplier<Collection<Service>> services;
  private final Consumer<String> teller;
  private final Consumer<Node> asker;
  private final Map<String, Heard> heard = new ConcurrentHashMap<>();
  private volatile @Nullable String self;

  // Of the control thread.
  private boolean soon;
  private Scheduler.@Nullable Cancellable next;

  /**
   * @param services those that this instance has
   * @param teller tells all other instances a line
   * @param asker has a node probed now
   */
  SharedVerdicts(
      Scheduler control,
      Supplier<Collection<Service>> services,
      Consumer<String> teller,
      Consumer<Node> asker) {
    this.control = control;
    this.services = services;
    this.teller = teller;
    this.asker = asker;
  }

  /**
   * From now on this instance is one of a group.
   *
   * @param instance what it is called; null: it is alone again
   */
  void follow(@Nullable String instance) {
    control.execute(() -> {
      self = instance;
      heard.clear();
      plan();
    });
  }

  /** A node went up or down here. Any thread. */
  void changed() {
    if (self != null) {
      control.execute(() -> {
        if (!soon) {
          soon = true; // whatever else changes in this turn is told with it
          control.execute(this::tell);
        }
      });
    }
  }

  private void plan() {
    if (next != null) {
      next.cancel();
    }
    next = self == null ? null : control.schedule(EVERY, this::tell);
  }

  private void tell() {
    soon = false;
    String own = self;
    if (own != null) {
      StringBuilder line = new StringBuilder(TOPIC).append(own);
      int count = 0;
      for (Service service : services.get()) {
        for (Node node : service.nodes().all()) {
          boolean up = node.facts().up();
          if ((!up || isDisputed(node)) && count++ < MOST) {
            line.append('\t').append(up ? '+' : '-').append(name(node));
          }
        }
      }
      teller.accept(line.toString());
    }
    plan();
  }

  private static String name(Node node) {
    return node.service() + "/" + node.name();
  }

  private boolean isDisputed(Node node) {
    return views(node).containsValue(false);
  }

  /** Somebody has told something. Any thread. */
  void hear(String line) {
    if (!line.startsWith(TOPIC)) {
      return;
    }
    String[] words = line.substring(TOPIC.length()).split("\t", -1);
    Map<String, Boolean> up = new HashMap<>();
    for (int i = 1; i < words.length && i <= MOST; i++) {
      if (words[i].length() > 1) {
        up.put(words[i].substring(1), words[i].charAt(0) == '+');
      }
    }
    control.execute(() -> heard(words[0], up));
  }

  private void heard(String instance, Map<String, Boolean> up) {
    if (self == null || instance.equals(self)) {
      return;
    }
    Heard before = heard.put(instance, new Heard(control.nanoTime(), up));
    Map<String, Boolean> known = before == null ? Map.of() : before.up();
    if (up.equals(known)) {
      return;
    }
    for (Service service : services.get()) {
      for (Node node : service.nodes().all()) {
        boolean there = !up.containsKey(name(node)) || Boolean.TRUE.equals(up.get(name(node)));
        boolean was = !known.containsKey(name(node)) || Boolean.TRUE.equals(known.get(name(node)));
        if (there != was && node.facts().up() != there) {
          asker.accept(node);
        }
      }
    }
  }

  /** By instance, whether the node is up for it; only of those that have said something of it. */
  private Map<String, Boolean> views(Node node) {
    if (heard.values().stream().allMatch(one -> one.up().isEmpty())) {
      return Map.of();
    }
    Map<String, Boolean> views = new TreeMap<>();
    long now = control.nanoTime();
    String name = name(node);
    heard.forEach((instance, one) -> {
      Boolean up = one.up().get(name);
      if (up != null && now - one.nanos() < FRESH_NANOS) {
        views.put(instance, up);
      }
    });
    return views;
  }

  /**
   * What others find where that is something else than here, as the end of a sentence; or empty.
   */
  String otherwise(Node node) {
    boolean here = node.facts().up();
    List<String> others = new ArrayList<>();
    views(node)
        .forEach((instance, up) -> {
          if (up != here) {
            others.add(instance);
          }
        });
    if (others.isEmpty()) {
      return "";
    }
    return (here ? "; down for " : "; up for ") + String.join(", ", others);
  }
}
