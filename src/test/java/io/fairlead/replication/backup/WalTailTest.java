package io.fairlead.replication.backup;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.health.Server;
import io.fairlead.replication.PostgresPrograms;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How far the log is that is there, of a real one that has come to some page or record. */
class WalTailTest {
  private static final int PAGE = 8192;
  private static final int HEADER = 24;

  /** So much of the file is enough. */
  private static final int SIZE = 4 << 20;

  private static final Pattern RECORD = Pattern.compile("lsn: ([0-9A-F]+/[0-9A-F]+)");

  @TempDir private Path folder;

  @Test
  void aRecordCountsWhenAllOfItIsThere() throws Exception {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    Path log = log();
    byte[] bytes = Arrays.copyOf(Files.readAllBytes(log), SIZE);
    List<Long> starts = starts(log);
    long used = WalTail.used(log);
    assertThat(WalTail.complete(log)).as("nothing is missing").isEqualTo(used);
    for (int i = 0; i < 300; i++) {
      int next = 1 + random.nextInt(starts.size() - 1);
      long begins = starts.get(next);
      long cut = random.nextBoolean() ? begins : (begins + PAGE - 1) / PAGE * PAGE;
      int whole = last(starts, cut);
      if (whole < 1 || whole + 1 == starts.size() || cut > used) {
        continue;
      }
      Path part = folder.resolve("part");
      byte[] some = bytes.clone();
      Arrays.fill(some, (int) cut, some.length, (byte) 0);
      Files.write(part, some);
      boolean endsThere = starts.get(whole + 1) == cut + HEADER;
      assertThat(WalTail.complete(part))
          .as("cut at %d, seed %d", cut, seed)
          .isGreaterThan(starts.get(whole - 1))
          .isLessThanOrEqualTo(endsThere ? cut : starts.get(whole));
    }
  }

  /** The record behind the last that surely is all before that. */
  private static int last(List<Long> starts, long cut) {
    int last = 0;
    while (last + 1 < starts.size() && starts.get(last + 1) <= cut) {
      last++;
    }
    return last;
  }

  /** Of what a new database has written. */
  private Path log() throws Exception {
    Path top = Server.folder(folder, "state");
    PostgresPrograms programs = PostgresPrograms.find();
    programs.makeFolder(top.resolve("data"));
    String _ =
        programs.run(
            "initdb",
            List.of("-D", top.resolve("data").toString(), "--no-sync", "--no-locale"),
            Map.of(),
            Duration.ofMinutes(1));
    return top.resolve("data").resolve("pg_wal").resolve(WalFile.name(1, 1, 1 << 24));
  }

  private static List<Long> starts(Path log) throws IOException {
    String said =
        PostgresPrograms.find()
            .run(
                "pg_waldump",
                List.of(
                    "-p", log.resolveSibling("").toString(), "-s", "0/1000028", "-e", "0/1300000"),
                Map.of(),
                Duration.ofMinutes(1));
    List<Long> starts = new ArrayList<>();
    Matcher record = RECORD.matcher(said);
    while (record.find()) {
      starts.add(Lsn.parse(record.group(1)) % (1 << 24));
    }
    assertThat(starts).hasSizeGreaterThan(1000);
    return starts;
  }
}
