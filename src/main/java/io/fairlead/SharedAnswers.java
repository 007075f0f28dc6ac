package io.fairlead;

import io.fairlead.insight.Answered;
import io.fairlead.insight.SharedEvidence;
import io.fairlead.runtime.Scheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How nodes have answered the requests of other instances of the group, so that a bad one is found
 * by what all of them see and not by the part that each has: twice a second each tells the others
 * what came of its requests, by node and route.
 *
 * <p>A line is <code>answers INSTANCE CONFIGURATION</code>, with a tab before each further field:
 * the service, the node, the route, and <code>GOOD ERRORS SLOW TAIL</code> with the errors of each
 * place of clients behind them, if there are errors. Who has another configuration is not counted:
 * what is called the same may not be the same. Who has said nothing for five seconds is forgotten.
 */
final class SharedAnswers {
  private static final String TOPIC = "answers ";
  private static final Duration EVERY = Duration.ofMillis(500);
  private static final long FRESH_NANOS = Duration.ofSeconds(5).toNanos();

  /** Nodes and routes that are told at a time, about; others the next time. */
  private static final int MOST = 1000;

  /** Characters of a line, of three bytes at most. */
  private static final int LINE = 16_000;

  /** Other instances that are counted. */
  private static final int MOST_INSTANCES = 16;

  /** Lines that wait to be counted: more come from nobody who keeps the pace. */
  private static final int WAITING = 200;

  private final Scheduler control;
  private final OutlierWatch outliers;
  private final Supplier<String> config;
  private final Consumer<String> teller;
  private final LongAdder told = new LongAdder();
  private final LongAdder heard = new LongAdder();
  private final LongAdder ignored = new LongAdder();
  private final LongAdder refused = new LongAdder();
  private final AtomicInteger waiting = new AtomicInteger();

  // Of the control thread.
  private final Map<String, Long> lastHeard = new HashMap<>();
  private @Nullable String self;
  private Scheduler.@Nullable Cancellable next;
  private String known = "";
  private String knownId = "";

  /** One node and route of a line. */
  private record Entry(String service, String node, String route, Answered answered) {}

  /**
   * @param outliers whose counts are told, and who counts what is heard
   * @param config the text of the configuration that is in force
   * @param teller tells all other instances a line
   */
  SharedAnswers(
      Scheduler control, OutlierWatch outliers, Supplier<String> config, Consumer<String> teller) {
    this.control = control;
    this.outliers = outliers;
    this.config = config;
    this.teller = teller;
  }

  /**
   * From now on this instance is one of a group.
   *
   * @param instance what it is called; null: it is alone again
   */
  void follow(@Nullable String instance) {
    control.execute(() -> {
      if (next != null) {
        next.cancel();
      }
      self = instance;
      lastHeard.clear();
      outliers.beAlone();
      next = instance == null ? null : control.schedule(EVERY, this::tell);
    });
  }

  private void tell() {
    String own = self;
    if (own == null) {
      return;
    }
    long now = control.nanoTime();
    lastHeard
        .entrySet()
        .removeIf(each -> {
          boolean silent = now - each.getValue() >= FRESH_NANOS;
          if (silent) {
            outliers.forget(each.getKey());
          }
          return silent;
        });
    StringBuilder line = new StringBuilder(TOPIC).append(own).append(' ').append(configId());
    int head = line.length();
    outliers.tell(
        MOST,
        (service, node, route, answered) -> {
          if (line.length() > LINE) {
            teller.accept(line.toString());
            line.setLength(head);
          }
          line.append('\t').append(service).append('\t').append(node).append('\t').append(route);
          line.append('\t').append(numbers(answered));
          told.increment();
        });
    teller.accept(line.toString()); // also if there is nothing to be told: it is there
    next = control.schedule(EVERY, this::tell);
  }

  private static String numbers(Answered answered) {
    StringBuilder numbers = new StringBuilder();
    numbers.append(answered.good()).append(' ').append(answered.errors());
    numbers.append(' ').append(answered.slow()).append(' ').append(answered.tail());
    answered.byClient().forEach(count -> numbers.append(' ').append(count));
    return numbers.toString();
  }

  private String configId() {
    String text = config.get();
    if (!text.equals(known)) {
      known = text;
      knownId = SharedRates.id(text);
    }
    return knownId;
  }

  /**
   * Somebody has told something. What makes no sense is not counted, nor what is with it. Any
   * thread.
   */
  void hear(String line) {
    if (!line.startsWith(TOPIC)) {
      return;
    }
    String[] fields = line.substring(TOPIC.length()).split("\t", -1);
    String[] head = fields[0].split(" ", -1);
    List<Entry> entries = entries(fields);
    if (entries == null || head.length != 2 || head[0].isEmpty()) {
      refused.increment();
      return;
    }
    if (waiting.incrementAndGet() > WAITING) {
      waiting.decrementAndGet();
      refused.increment();
      return;
    }
    control.execute(() -> {
      waiting.decrementAndGet();
      heard(head[0], head[1], entries);
    });
  }

  /** Null: it is none of these lines. */
  private static @Nullable List<Entry> entries(String[] fields) {
    if (fields.length % 4 != 1) {
      return null;
    }
    List<Entry> entries = new ArrayList<>();
    try {
      for (int i = 1; i < fields.length; i += 4) {
        int[] numbers =
            Arrays.stream(fields[i + 3].split(" ")).mapToInt(Integer::parseInt).toArray();
        List<Integer> byClient = Arrays.stream(numbers).skip(4).boxed().toList();
        entries.add(
            new Entry(
                fields[i],
                fields[i + 1],
                fields[i + 2],
                new Answered(numbers[0], numbers[1], numbers[2], numbers[3], byClient)));
      }
    } catch (IllegalArgumentException | ArrayIndexOutOfBoundsException _) {
      return null;
    }
    return entries;
  }

  private void heard(String instance, String itsConfig, List<Entry> entries) {
    if (self == null || instance.equals(self)) {
      return;
    }
    if (!itsConfig.equals(configId())
        || (lastHeard.size() >= MOST_INSTANCES && !lastHeard.containsKey(instance))) {
      ignored.add(entries.size());
      return;
    }
    lastHeard.put(instance, control.nanoTime());
    for (Entry each : entries) {
      boolean counted =
          outliers.hear(instance, each.service(), each.node(), each.route(), each.answered());
      (counted ? heard : ignored).increment();
    }
  }

  SharedEvidence evidence() {
    return new SharedEvidence(told.sum(), heard.sum(), ignored.sum(), refused.sum());
  }
}
