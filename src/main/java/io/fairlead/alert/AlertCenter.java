package io.fairlead.alert;

import io.fairlead.config.AlertRuleConfig;
import io.fairlead.config.AlertsConfig;
import io.fairlead.config.ReceiverConfig;
import io.fairlead.insight.alert.Alert;
import io.fairlead.insight.alert.AlertEngine;
import io.fairlead.insight.alert.BackTest;
import io.fairlead.insight.alert.Message;
import io.fairlead.insight.alert.Present;
import io.fairlead.insight.alert.Silence;
import io.fairlead.insight.alert.Traffic;
import io.fairlead.telemetry.Event;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Looks at all rules once a second and sees to it that receivers hear of it. A thread of its own,
 * which may wait for the disk; event loops and the control thread do not know that it is there.
 *
 * <p>What is to be sent is on disk before it is sent, together with the fact that it counts as
 * told, and it is taken off when it has been delivered: after a crash in between it is sent again,
 * under the same id.
 */
public final class AlertCenter implements Alerts, AutoCloseable {
  private static final System.Logger LOG = System.getLogger(AlertCenter.class.getName());
  private static final Duration TICK = Duration.ofSeconds(1);
  private static final Duration LOCK_RETRY = Duration.ofMillis(200);
  private static final Duration LONGEST_TEST = Duration.ofDays(400);

  private final Path folder;
  private final String instance;
  private final LongSupplier clock;
  private final RandomGenerator random;
  private final Consumer<Event> events;
  private final Traffic traffic;
  private final Present present;
  private final ReentrantLock lock = new ReentrantLock();
  private final ReentrantLock saving = new ReentrantLock();
  private final AlertEngine engine = new AlertEngine();
  private final Map<String, Outbox> outboxes = new LinkedHashMap<>();
  private AlertsConfig config = AlertsConfig.NONE;
  private Map<String, List<Waiting>> unclaimed = Map.of();
  private @Nullable AlertStore store;
  private @Nullable Thread thread;
  private boolean savingFails;

  /**
   * @param folder where it keeps what has to outlive the process
   * @param instance how this process is called in messages
   * @param clock milliseconds since 1970
   */
  public AlertCenter(
      Path folder,
      String instance,
      LongSupplier clock,
      RandomGenerator random,
      Consumer<Event> events,
      Traffic traffic,
      Present present) {
    this.folder = folder;
    this.instance = instance;
    this.clock = clock;
    this.random = random;
    this.events = events;
    this.traffic = traffic;
    this.present = present;
  }

  /** Begins to look, as soon as no other process does. */
  public void start() {
    thread = Thread.ofVirtual().name("alerts").start(this::run);
  }

  /** From now on that holds. */
  public void configure(AlertsConfig wanted) {
    List<Alert> ended;
    lock.lock();
    try {
      config = wanted;
      ended = engine.configure(wanted, clock.getAsLong());
      if (store != null) { // receivers wait for what another process has for them
        follow(wanted);
      }
    } finally {
      lock.unlock();
    }
    ended.forEach(this::tell);
  }

  /** With the lock. */
  private void follow(AlertsConfig wanted) {
    outboxes
        .entrySet()
        .removeIf(one -> {
          if (wanted.receivers().containsKey(one.getKey())) {
            return false;
          }
          Outbox outbox = one.getValue();
          outbox.close();
          outbox
              .waiting()
              .forEach(waiting ->
                  events.accept(
                      new Event.AlertUndelivered(
                          one.getKey(), waiting.message().title(), "the receiver is gone")));
          return true;
        });
    wanted
        .receivers()
        .forEach((name, receiver) -> {
          Outbox known = outboxes.get(name);
          if (known == null) {
            outboxes.put(name, open(name, receiver));
          } else if (!known.config().equals(receiver)) {
            known.redirect(receiver, Sender.of(receiver, instance, clock));
          }
        });
  }

  private Outbox open(String name, ReceiverConfig receiver) {
    Outbox outbox =
        new Outbox(
            name,
            receiver,
            Sender.of(receiver, instance, clock),
            clock,
            random,
            events,
            this::save);
    outbox.restore(unclaimed.getOrDefault(name, List.of()));
    outbox.start();
    return outbox;
  }

  private void run() {
    try {
      open();
      while (true) {
        try {
          tick();
        } catch (RuntimeException e) {
          LOG.log(Level.ERROR, "looking at alerts failed", e);
        }
        Thread.sleep(TICK);
      }
    } catch (InterruptedException _) {
      // Closed.
    }
  }

  private void open() throws InterruptedException {
    boolean said = false;
    while (true) {
      try {
        AlertStore opened = AlertStore.open(folder);
        if (opened != null) {
          begin(opened);
          save(); // silences made meanwhile
          return;
        }
      } catch (IOException e) {
        if (!said) {
          LOG.log(Level.ERROR, "alerts wait for {0}: {1}", folder, e.getMessage());
        }
        said = true;
      }
      Thread.sleep(LOCK_RETRY);
    }
  }

  private void begin(AlertStore opened) throws IOException {
    AlertStore.Content content = opened.read();
    lock.lock();
    try {
      store = opened;
      unclaimed = content.waiting();
      engine.restore(content.alerts(), clock.getAsLong());
      follow(config);
      unclaimed = Map.of();
    } finally {
      lock.unlock();
    }
  }

  private void tick() {
    AlertEngine.Step step;
    List<Outbox> told = new ArrayList<>();
    lock.lock();
    try {
      step = engine.step(clock.getAsLong(), traffic, present);
      for (Message message : step.messages()) {
        Outbox outbox = outboxes.get(message.receiver());
        if (outbox != null) {
          outbox.add(message);
          told.add(outbox);
        }
      }
    } finally {
      lock.unlock();
    }
    if (!step.changed().isEmpty() || !step.messages().isEmpty()) {
      save();
    }
    told.forEach(Outbox::release);
    step.changed().forEach(this::tell);
  }

  private void tell(Alert alert) {
    events.accept(
        alert.state() == Alert.State.FIRING
            ? new Event.AlertFiring(alert.rule(), alert.level().word(), alert.text())
            : new Event.AlertResolved(alert.rule(), alert.text()));
  }

  /** A disk that takes nothing keeps nobody from being told. */
  private void save() {
    saving.lock();
    try {
      AlertStore to;
      AlertStore.Content content;
      lock.lock();
      try {
        to = store;
        Map<String, List<Waiting>> waiting = new LinkedHashMap<>();
        outboxes.forEach((name, outbox) -> waiting.put(name, outbox.waiting()));
        content = new AlertStore.Content(engine.save(), waiting);
      } finally {
        lock.unlock();
      }
      if (to != null) {
        to.write(content);
        savingFails = false;
      }
    } catch (ClosedByInterruptException _) {
      // An outbox is being closed; whoever closes it saves once more.
    } catch (IOException e) {
      if (!savingFails) {
        LOG.log(Level.ERROR, "what is known of alerts cannot be kept: {0}", e.getMessage());
      }
      savingFails = true;
    } finally {
      saving.unlock();
    }
  }

  @Override
  public List<Shown> alerts() {
    lock.lock();
    try {
      long now = clock.getAsLong();
      return engine.alerts().stream()
          .map(alert -> new Shown(alert, engine.isSilenced(alert, now)))
          .toList();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<AlertRuleConfig> rules() {
    lock.lock();
    try {
      return engine.rules();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<Silence> silences() {
    lock.lock();
    try {
      return engine.silences();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public List<ReceiverState> receivers() {
    lock.lock();
    try {
      return outboxes.values().stream().map(Outbox::state).toList();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public Silence silence(Map<String, String> labels, Duration howLong, String by, String why) {
    long now = clock.getAsLong();
    Silence silence =
        new Silence(
            "s-" + HexFormat.of().toHexDigits(random.nextLong()),
            labels,
            now,
            now + howLong.toMillis(),
            by,
            why);
    lock.lock();
    try {
      engine.silence(silence);
    } finally {
      lock.unlock();
    }
    save();
    return silence;
  }

  @Override
  public boolean endSilence(String id) {
    lock.lock();
    try {
      if (!engine.endSilence(id)) {
        return false;
      }
    } finally {
      lock.unlock();
    }
    save();
    return true;
  }

  /** Does not hold the lock: it takes a while. */
  @Override
  public Optional<BackTest.Outcome> test(AlertRuleConfig rule, long fromMillis, long toMillis) {
    if (!rule.isOfTraffic()) {
      return Optional.empty();
    }
    long from = Math.max(fromMillis, toMillis - LONGEST_TEST.toMillis());
    return Optional.of(BackTest.run(rule, traffic, from, toMillis));
  }

  /** What waits stays on disk, and another process may go on with it. */
  @Override
  public void close() {
    Thread looking = thread;
    if (looking != null) {
      looking.interrupt();
      try {
        looking.join(TICK.multipliedBy(5));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
    AlertStore opened;
    lock.lock();
    try {
      outboxes.values().forEach(Outbox::close);
    } finally {
      lock.unlock();
    }
    save();
    saving.lock();
    lock.lock();
    try {
      opened = store;
      store = null;
      outboxes.clear();
    } finally {
      lock.unlock();
      saving.unlock();
    }
    if (opened != null) {
      try {
        opened.close();
      } catch (IOException e) {
        LOG.log(Level.WARNING, "the folder of alerts could not be let go: {0}", e.getMessage());
      }
    }
  }
}
