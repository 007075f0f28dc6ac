package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.BackupConfig.Keep;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What may be removed, with segments of 100 bytes; a position is a moment, too. */
class RetentionTest {
  private static Archive archive(String ends, long log) {
    List<BaseBackup> backups = new ArrayList<>();
    for (String end : ends.split(" ", -1)) { // 350<150 is on top of 150
      boolean damaged = end.endsWith("!");
      String[] parts = end.replace("!", "").split("<", -1);
      long at = Long.parseLong(parts[0]);
      BaseBackup one =
          parts.length == 2
              ? ArchiveTest.inRepository(parts[0], 1, at - 30, at, parts[1])
              : ArchiveTest.backup(parts[0], 1, at - 30, at);
      backups.add(damaged ? one.withDamage("a byte is wrong") : one);
    }
    List<WalFile> files = new ArrayList<>();
    for (long segment = 0; segment * 100 < log; segment++) {
      files.add(ArchiveTest.file(1, segment, Math.min(log, segment * 100 + 100)));
    }
    return new Archive(100, backups, files, Map.of());
  }

  @ParameterizedTest
  @CsvSource({
    // copies,           log, keep, for, now,   removed,   log from
    "150 350 550,        620, 3,    0,   1000,  '',        100",
    "150 350 550,        620, 2,    0,   1000,  150,       300",
    "150 350 550,        620, 1,    0,   1000,  150 350,   500",
    // the span needs the copy before it
    "150 350 550,        620, 1,    300, 700,   150,       300",
    "150 350 550,        620, 1,    300, 650,   150,       300",
    "150 350 550,        620, 1,    301, 650,   '',        100",
    "150 350 550,        620, 1,    600, 700,   '',        100",
    // a damaged one does not count, and goes when it is too old
    "150 350! 550,       620, 2,    0,   1000,  '',        100",
    "150! 350 550,       620, 2,    0,   1000,  150,       300",
    "150! 350 550,       620, 2,    900, 1000,  '',        100",
    "150 350 550!,       620, 1,    0,   1000,  150,       300",
    // what a copy that stays is on top of stays with it, and the log from there on
    "150< 350<150 550<350, 620, 1,  0,   1000,  '',        100",
    "150< 350 550<150,   620, 1,    0,   1000,  350,       100",
    "150< 350<150 550<,  620, 1,    0,   1000,  150 350,   500",
    "150< 250<150 350< 450<350, 620, 2, 0, 1000, 150 250,  300",
    "150< 250<150 350< 450<350, 620, 3, 0, 1000, '',       100",
    "150< 250<150 350< 450<350, 620, 1, 300, 560, '',      100",
    "150< 250<150 350< 450<350, 620, 1, 150, 560, 150 250, 300",
    // damage of one is that of all on top of it: none of them counts
    "150< 250<150 350<! 450<350 500<450, 620, 1, 0, 1000, '', 100",
    "150 250<! 350<250 550<, 620, 1, 0,  1000,  150 250 350, 500",
    // nothing is good: nothing is touched
    "150! 350!,          620, 1,    0,   1000,  '',        0",
  })
  void whatIsRemoved(
      String ends, long log, int count, long span, long now, String removed, long from) {
    Archive archive = archive(ends, log);
    Retention.Plan plan = Retention.plan(archive, new Keep(count, Duration.ofMillis(span)), now);
    assertThat(plan.backups().stream().map(BaseBackup::id).collect(Collectors.joining(" ")))
        .isEqualTo(removed == null ? "" : removed);
    assertThat(
            archive.without(plan).files().stream()
                .mapToLong(file -> file.segment() * 100)
                .min()
                .orElse(-1))
        .isEqualTo(from);
  }

  /** Whatever there is: what is wanted can be restored afterwards as it could before. */
  @Test
  void whatIsWantedIsNeverRemoved() {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int removed = 0;
    for (int round = 0; round < 1_500; round++) {
      Archive archive = random(random);
      Keep keep = new Keep(random.nextInt(1, 5), Duration.ofMillis(random.nextInt(0, 3_000)));
      long now = 2_000L + random.nextInt(0, 1_000);
      Retention.Plan plan = Retention.plan(archive, keep, now);
      removed += plan.backups().size() + plan.files().size();
      Archive after = archive.without(plan);
      List<Archive.Reach> good = good(archive);
      for (long moment = now - keep.span().toMillis(); moment <= now; moment += 7) {
        assertThat(canBeRestored(after, moment))
            .as("seed %d, round %d, moment %d", seed, round, moment)
            .isEqualTo(canBeRestored(archive, moment));
      }
      List<Archive.Reach> newest =
          good.subList(Math.max(0, good.size() - keep.count()), good.size());
      assertThat(good(after)).as("seed %d, round %d", seed, round).containsAll(newest);
      assertThat(Retention.plan(after, keep, now).backups()).isEmpty(); // once is enough
    }
    assertThat(removed).isPositive();
  }

  private static List<Archive.Reach> good(Archive archive) {
    return archive.reaches().stream().filter(r -> r.backup().damaged().isEmpty()).toList();
  }

  private static boolean canBeRestored(Archive archive, long moment) {
    return good(archive).stream()
        .anyMatch(r -> r.backup().endMillis() <= moment && moment <= r.millis());
  }

  /** Copies, holes in the log, failovers, damage. */
  private static Archive random(SplittableRandom random) {
    List<WalFile> files = new ArrayList<>();
    List<BaseBackup> backups = new ArrayList<>();
    Map<Integer, String> histories = new java.util.HashMap<>();
    StringBuilder history = new StringBuilder();
    int timeline = 1;
    long log = random.nextInt(200, 2_500);
    for (long segment = 0; segment * 100 < log; segment++) {
      if (random.nextInt(8) == 0 && segment > 0) { // a failover in the middle of it
        files.add(ArchiveTest.file(timeline, segment, segment * 100 + 50));
        history.append(timeline).append('\t').append(Lsn.text(segment * 100 + 40)).append("\tx\n");
        histories.put(++timeline, history.toString());
      }
      if (random.nextInt(10) > 0) {
        files.add(ArchiveTest.file(timeline, segment, Math.min(log, segment * 100 + 100)));
      }
      if (random.nextInt(4) == 0) {
        long end = segment * 100 + random.nextInt(41, 100);
        BaseBackup one =
            random.nextInt(2) == 0
                ? ArchiveTest.backup("b" + segment, timeline, end - random.nextInt(0, 41), end)
                : ArchiveTest.inRepository(
                    "b" + segment,
                    timeline,
                    end - random.nextInt(0, 41),
                    end,
                    backups.isEmpty() || random.nextInt(3) == 0
                        ? ""
                        : backups.get(random.nextInt(backups.size())).id());
        backups.add(random.nextInt(6) == 0 ? one.withDamage("a byte is wrong") : one);
      }
    }
    return new Archive(100, backups, files, histories);
  }
}
