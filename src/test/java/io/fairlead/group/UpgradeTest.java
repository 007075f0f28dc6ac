package io.fairlead.group;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.Event;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three instances and their processes, looked at in turns, with a clock by hand. */
class UpgradeTest {
  private final AtomicLong nanos = new AtomicLong();
  private final MemoryState state = new MemoryState();
  private final Map<String, Machine> machines = new TreeMap<>();
  private boolean current = true;

  /** One process. */
  private final class Machine implements Upgrade.Hands {
    final String process;
    final Upgrade upgrade;
    final List<String> told = new ArrayList<>();
    boolean ready = true;
    @Nullable Consumer<String> replacing;
    int begun;

    Machine(String process) {
      this.process = process;
      upgrade = new Upgrade(state, process, nanos::get, () -> 7, event -> told.add(text(event)));
      upgrade.by(this);
    }

    private String text(Event event) {
      return event.text();
    }

    @Override
    public boolean isReady() {
      return ready;
    }

    @Override
    public String obstacle() {
      return "";
    }

    @Override
    public void replace(Consumer<String> failed) {
      replacing = failed;
      begun++;
    }
  }

  @BeforeEach
  void start() {
    for (String name : List.of("a", "b", "c")) {
      machines.put(name, new Machine(name + 1));
    }
  }

  private void look() throws GroupException {
    for (Map.Entry<String, Machine> each : machines.entrySet()) {
      Map<String, String> present = new TreeMap<>();
      machines.forEach((name, machine) -> present.put(name, machine.process));
      each.getValue()
          .upgrade
          .step(() -> new Upgrade.Look(each.getKey(), each.getKey().equals("a"), present, current));
    }
  }

  private Machine at(String name) {
    return java.util.Objects.requireNonNull(machines.get(name));
  }

  private boolean begin(String... names) throws GroupException {
    Map<String, String> processes = new LinkedHashMap<>();
    for (String name : names) {
      processes.put(name, at(name).process);
    }
    return at("a").upgrade.begin("ann", processes);
  }

  private List<String> replacing() {
    return machines.entrySet().stream()
        .filter(each -> each.getValue().replacing != null)
        .map(Map.Entry::getKey)
        .toList();
  }

  private void replace(String name) {
    machines.put(name, new Machine(name + 2));
  }

  @Test
  void oneAfterAnotherAndNeverTwo() throws Exception {
    look();
    assertThat(begin("b", "c", "a")).isTrue();
    for (String name : List.of("b", "c", "a")) {
      look();
      look();
      assertThat(replacing()).containsExactly(name);
      assertThat(at(name).begun).isEqualTo(1);
      replace(name);
      at(name).ready = false;
      look();
      assertThat(replacing()).as("the new one does not serve yet").isEmpty();
      at(name).ready = true;
      look();
    }
    look();
    assertThat(replacing()).isEmpty();
    assertThat(at("a").upgrade.view())
        .isEqualTo(new Upgrade.View("ann", 7, List.of("b", "c", "a"), List.of(), ""));
    assertThat(begin("a")).as("another one").isTrue();
  }

  @Test
  void eachTellsWhatItSaw() throws Exception {
    look();
    begin("b");
    look();
    replace("b");
    look();
    look();
    assertThat(at("c").told)
        .containsExactly(
            "ann has begun to replace b",
            "b is replaced: its new process serves",
            "all instances that were to be replaced are");
    machines.put("c", new Machine("c2"));
    look();
    assertThat(at("c").told).as("one that comes later").isEmpty();
  }

  @Test
  void theFirstThatFailsEndsIt() throws Exception {
    begin("b", "c");
    look();
    java.util.Objects.requireNonNull(at("b").replacing).accept("it could not");
    look();
    look();
    assertThat(replacing()).containsExactly("b");
    assertThat(at("a").upgrade.view())
        .isEqualTo(
            new Upgrade.View(
                "ann", 7, List.of(), List.of("b", "c"), "b was not replaced: it could not"));
  }

  @Test
  void nobodyIsReplacedWhileOneIsAway() throws Exception {
    begin("b", "c");
    machines.remove("c");
    look();
    assertThat(replacing()).isEmpty();
    replace("c");
    look();
    assertThat(replacing()).containsExactly("b");
  }

  @Test
  void norWhileOneHasAnotherConfiguration() throws Exception {
    begin("b");
    current = false;
    look();
    assertThat(replacing()).isEmpty();
    current = true;
    look();
    assertThat(replacing()).containsExactly("b");
  }

  /** Whoever leads looks at the time. */
  @Test
  void oneThatDoesNotComeBackEndsIt() throws Exception {
    begin("b", "c");
    look();
    machines.remove("b");
    nanos.addAndGet(Upgrade.PATIENCE.toNanos() - Duration.ofSeconds(1).toNanos());
    look();
    assertThat(at("a").upgrade.view()).extracting(Upgrade.View::failed).isEqualTo("");
    nanos.addAndGet(Duration.ofSeconds(2).toNanos());
    look();
    assertThat(at("a").upgrade.view())
        .extracting(Upgrade.View::failed)
        .isEqualTo("b was not replaced within 3 min: b is not there");
    look();
    assertThat(replacing()).isEmpty();
  }

  @Test
  void oneAtATimeAndItCanBeStopped() throws Exception {
    assertThat(at("c").upgrade.stop("bob")).isFalse();
    begin("b", "c");
    assertThat(begin("a")).isFalse();
    assertThat(at("c").upgrade.stop("bob")).isTrue();
    look();
    assertThat(replacing()).isEmpty();
    assertThat(at("a").upgrade.view())
        .extracting(Upgrade.View::failed)
        .isEqualTo("bob has stopped it");
  }
}
