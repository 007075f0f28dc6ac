package io.fairlead.insight.pattern;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.insight.pattern.PatternAnswer.Found;
import io.fairlead.telemetry.Event;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is told of patterns, in stories with a clock turned by hand. */
class LinePatternsTest {
  private static final long START = 1_800_000_000_000L; // 08:00:00 UTC
  private static final int MINUTE = 60;

  private final List<String> told = new ArrayList<>();
  private LinePatterns patterns = new LinePatterns(this::hear);
  private long second;

  private void hear(Event event) {
    told.add(
        second / MINUTE
            + ":%02d ".formatted(second % MINUTE)
            + event.getClass().getSimpleName()
            + " "
            + event.service()
            + " "
            + event.node()
            + " "
            + event.text());
  }

  private long now() {
    return START + second * 1000;
  }

  private void line(String node, String level, String text) {
    byte[] bytes = text.getBytes(UTF_8);
    String id = patterns.find(bytes, bytes.length, now());
    patterns.count(id, "shop", node, level, now(), now());
  }

  /** Goes on for so long, with that once a second. */
  private void run(int seconds, Runnable each) {
    for (int i = 0; i < seconds; i++) {
      each.run();
      second++;
      patterns.tick(now());
    }
  }

  private void usual() {
    line("a", "info", "order " + second + " created");
    line("b", "info", "order " + second + " created");
    if (second % 30 == 0) {
      line("a", "warn", "retry " + second + " of payment failed");
    }
  }

  private List<Found> ask(@Nullable String service, @Nullable String node) {
    return patterns.ask(new PatternQuestion(0, now(), service, node, 100), now()).patterns();
  }

  @Test
  void whatNobodyHasLoggedBeforeIsTold() {
    run(11 * MINUTE, this::usual);
    assertThat(told).isEmpty();
    run(
        10,
        () -> {
          usual();
          for (int i = 0; i < 12; i++) {
            line("b", "error", "connection to 10.0.0." + i + " refused");
          }
        });
    assertThat(told)
        .containsExactly(
            "11:01 LogPattern shop b Node b of shop logs a line that shop never logged before, 12"
                + " times in 10 s: \"connection to <*> refused\"");
    Found found = ask(null, null).getFirst();
    assertThat(found.text()).isEqualTo("connection to <*> refused");
    assertThat(found.example()).isEqualTo("connection to 10.0.0.0 refused");
    assertThat(found.lines()).isEqualTo(120);
    assertThat(found.fresh()).containsExactly("shop");
    assertThat(found.error()).isTrue();
    assertThat(found.levels()).containsOnlyKeys("error").containsEntry("error", 120L);
    assertThat(found.places()).containsExactly(new PatternAnswer.Place("shop", "b", 120));
    assertThat(found.first()).isEqualTo(START + 11 * MINUTE * 1000);

    run(3 * MINUTE, this::usual);
    assertThat(told).hasSize(2);
    assertThat(told.getLast())
        .contains("LogPatternOver shop  lines of shop are as usual again: \"connection to <*>");
    run(MINUTE, () -> line("b", "error", "connection to 10.0.0.1 refused"));
    assertThat(told.subList(2, told.size())).noneMatch(each -> each.contains("never logged"));
  }

  @Test
  void whatIsNewAndHarmlessIsListedOnly() {
    run(11 * MINUTE, this::usual);
    run(20, () -> line("a", "info", "cache " + second + " has been warmed"));
    assertThat(told).isEmpty();
    assertThat(ask("shop", null).getFirst().text()).isEqualTo("cache <*> has been warmed");
    assertThat(ask("shop", null).getFirst().fresh()).containsExactly("shop");
    run(MINUTE * MINUTE + 1, this::usual);
    assertThat(ask("shop", null)).allMatch(each -> each.fresh().isEmpty());
  }

  @Test
  void nothingIsNewWhileAServiceIsLearned() {
    run(
        9 * MINUTE,
        () -> {
          usual();
          line("a", "error", "connection to 10.0.0.1 refused");
        });
    run(5 * MINUTE, this::usual);
    assertThat(told).isEmpty();
    assertThat(ask(null, null)).allMatch(each -> each.fresh().isEmpty());
  }

  @Test
  void whatComesMuchMoreOftenThanUsualIsTold() {
    run(30 * MINUTE, this::usual);
    run(
        MINUTE,
        () -> {
          usual();
          line("b", "warn", "retry " + second + " of payment failed");
        });
    assertThat(told)
        .singleElement()
        .asString()
        .contains("LogPattern shop ")
        .contains(
            "times in a minute what is usually logged 2.0 times: \"retry <*> of payment failed\"");
    Found found = ask(null, null).getFirst();
    assertThat(found.bursts())
        .singleElement()
        .satisfies(burst -> {
          assertThat(burst.usual()).isEqualTo(2);
          assertThat(burst.lastMinute()).isBetween(30L, 62L);
        });
    run(4 * MINUTE, this::usual);
    assertThat(told).hasSize(2);
    assertThat(told.getLast()).contains("LogPatternOver");
    assertThat(ask(null, null)).allMatch(each -> each.bursts().isEmpty());
  }

  /** All lines become more at once: the service has more to do. */
  @Test
  void aServiceThatHasMoreToDoIsNoBurst() {
    run(30 * MINUTE, this::usual);
    run(
        5 * MINUTE,
        () -> {
          for (int i = 0; i < 20; i++) {
            line("a", "info", "order " + i + " created");
            line("b", "info", "order " + i + " created");
            if (second % 30 == 0) {
              line("a", "warn", "retry " + i + " of payment failed");
            }
          }
        });
    assertThat(told).isEmpty();
  }

  /** Errors that come at random, in clusters, for two hours; a hundred times. */
  @Test
  void whatIsUnsteadyByNatureIsNotTold() {
    for (int seed = 1; seed <= 100; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      patterns = new LinePatterns(this::hear);
      run(
          120 * MINUTE,
          () -> {
            usual();
            if (random.nextInt(40) == 0) {
              int lines = 1 + random.nextInt(12);
              for (int i = 0; i < lines; i++) {
                line("a", "error", "statement " + i + " timed out");
              }
            }
          });
    }
    assertThat(told).isEmpty();
  }

  @Test
  void onlySoMuchIsToldAtOnce() {
    run(11 * MINUTE, this::usual);
    String[] words = {"disk", "network", "memory", "cache", "queue", "lock", "pool", "thread"};
    run(
        30,
        () -> {
          for (String word : words) {
            line("a", "error", word + " is broken");
          }
        });
    assertThat(told).hasSize(3);
    assertThat(ask(null, null).stream().filter(each -> !each.fresh().isEmpty())).hasSize(8);
  }

  @Test
  void aSpanAndANodeAreToldApart() {
    run(20 * MINUTE, this::usual);
    PatternAnswer last =
        patterns.ask(new PatternQuestion(now() - 60_000, now(), "shop", "b", 1), now());
    assertThat(last.lines()).isBetween(59L, 70L);
    assertThat(last.patterns().getFirst().places())
        .extracting(each -> each.node())
        .containsExactly("b");
    assertThat(ask("till", null)).isEmpty();
    assertThat(patterns.ask(new PatternQuestion(0, now(), null, null, 1), now()).left())
        .isEqualTo(1);
  }

  /** A log that is read late: what it says of an hour ago is not of today's minute. */
  @Test
  void linesCountWhenTheyWereWritten() {
    run(12 * MINUTE, this::usual);
    byte[] bytes = "old lines are broken".getBytes(UTF_8);
    for (int i = 0; i < 500; i++) {
      String id = patterns.find(bytes, bytes.length, now());
      patterns.count(id, "shop", "a", "error", now() - 30 * 60_000, now());
    }
    run(MINUTE, this::usual);
    assertThat(told).isEmpty();
    PatternAnswer minute =
        patterns.ask(new PatternQuestion(now() - 60_000, now(), null, null, 100), now());
    assertThat(minute.patterns()).noneMatch(each -> each.text().startsWith("old"));
  }

  @Test
  void theNextProcessKnowsWhatThisOneKnew() {
    run(11 * MINUTE, this::usual);
    SavedPatterns saved = patterns.save();
    List<String> before = ask(null, null).stream().map(Found::id).sorted().toList();
    patterns = new LinePatterns(this::hear);
    patterns.restore(saved, now());
    run(2 * MINUTE, this::usual);
    assertThat(ask(null, null).stream().map(Found::id).sorted().toList()).isEqualTo(before);
    assertThat(ask(null, null)).allMatch(each -> each.fresh().isEmpty());
    run(
        10,
        () -> {
          line("a", "error", "disk is broken");
          line("a", "error", "disk is broken");
        });
    assertThat(told).singleElement().asString().contains("shop never logged before, 10 times");
  }

  /** Nodes and services by the thousand, as a sender may pretend. */
  @Test
  void placesAreBounded() {
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = ("line of kind " + "abcdefghij".charAt(i % 10)).getBytes(UTF_8);
      String id = patterns.find(bytes, bytes.length, now());
      patterns.count(id, "service " + i % 300, "node " + i, "", now(), now());
    }
    PatternAnswer answer = patterns.ask(new PatternQuestion(0, now(), null, null, 500), now());
    assertThat(answer.patterns()).isNotEmpty();
    assertThat(answer.patterns()).allMatch(each -> each.places().size() <= 50);
    assertThat(patterns.save().services()).hasSizeLessThanOrEqualTo(64);
  }
}
