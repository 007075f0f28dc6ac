package io.fairlead.insight.rollup;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One question and what has been found. Writers are asked what they show before folders are listed,
 * so that each cell comes from one place: what a writer writes meanwhile is not looked at.
 */
final class Asking {
  private static final int MOST_SERIES = 100;

  /** Series times steps that are held at once. */
  private static final int MOST_CELLS = 60_000;

  /** Rows of a heat map: quarters of an octave from 0.1 ms to 16 s, and what is longer. */
  private static final int ROW = Buckets.OCTAVE / 4;

  private static final int FIRST_ROW = Buckets.of(100) / ROW;
  private static final int LAST_ROW = (Buckets.SECOND + 4 * Buckets.OCTAVE) / ROW;

  private final RollupFolder folder;
  private final Reasons reasons;
  private final Question question;
  private final Level level;
  private final long from;
  private final long step;
  private final int steps;
  private final long to;
  private final List<RollupWriter> writers;
  private final List<RollupWriter.Shown> shown = new ArrayList<>();

  /** Blocks in which there may be something. */
  private final List<Source> sources = new ArrayList<>();

  private final Map<List<String>, Integer> groups = new HashMap<>();
  private final IdentityHashMap<Key[], int[]> groupsOf = new IdentityHashMap<>();
  private long heldFrom = Long.MAX_VALUE;
  private long heldTo;
  private long lost;

  /** Blocks of a file, or one that is in memory. */
  @SuppressWarnings("ArrayRecordComponent") // never compared, and nobody changes them
  private record Source(
      @Nullable RollupFile file, Level level, List<RollupFile.At> blocks, byte @Nullable [] open) {}

  Asking(
      RollupFolder folder,
      List<RollupWriter> writers,
      Reasons reasons,
      Question question,
      long now) {
    this.folder = folder;
    this.reasons = reasons;
    this.question = question;
    step = question.steps(now);
    level = Level.within(step);
    from = Math.floorDiv(question.from(), step) * step;
    steps = (int) Math.ceilDiv(question.to() - from, step);
    to = from + steps * step;
    this.writers = List.copyOf(writers);
    this.writers.forEach(writer -> shown.add(writer.shown()));
    heldTo = now;
    if (!shown.isEmpty()) {
      heldTo = shown.stream().mapToLong(RollupWriter.Shown::asOf).max().orElse(now);
    }
  }

  // Where cells come from.

  private void find() throws IOException {
    Set<String> counted = new HashSet<>();
    if (level != Level.TEN_SECONDS) {
      for (RollupFolder.Found found : folder.files(level)) {
        List<RollupFile.At> blocks = found.blocks();
        add(found.file(), blocks);
        for (RollupFile.At at : blocks) {
          at.head().done().forEach(done -> counted.add(done.segment()));
        }
      }
    }
    for (RollupFolder.Found found : folder.files(Level.TEN_SECONDS)) {
      if (!counted.contains(found.file().name())) {
        add(found.file(), upTo(end(found), found.blocks()));
      }
    }
    for (RollupWriter.Shown each : shown) {
      byte[] open = each.open();
      if (open != null) {
        byte[] head = new byte[Block.headLength(open, open.length)];
        System.arraycopy(open, Block.FIXED, head, 0, head.length);
        Block.Head read = Block.head(open, head, null, reasons);
        if (read != null) {
          consider(read);
          sources.add(
              new Source(null, Level.TEN_SECONDS, List.of(new RollupFile.At(0, read)), open));
        }
      }
    }
  }

  /** As far as a segment counts: of one that is written to now, as its writer said. */
  private long end(RollupFolder.Found found) {
    String name = found.file().name();
    for (int i = 0; i < shown.size(); i++) {
      if (RollupFolder.process(name).equals(writers.get(i).process())) {
        int number = RollupFolder.number(name);
        int last = shown.get(i).number();
        return number < last ? Long.MAX_VALUE : number > last ? 0 : shown.get(i).length();
      }
    }
    return Long.MAX_VALUE;
  }

  private static List<RollupFile.At> upTo(long end, List<RollupFile.At> blocks) {
    if (end == Long.MAX_VALUE) {
      return blocks;
    }
    return blocks.stream().filter(at -> at.offset() + at.head().length() <= end).toList();
  }

  private void add(RollupFile file, List<RollupFile.At> blocks) {
    List<RollupFile.At> wanted = new ArrayList<>();
    for (RollupFile.At at : blocks) {
      consider(at.head());
      // A minute begins before the ten seconds in it do, which does no harm.
      if (at.head().cells() > 0 && at.head().last() >= from && at.head().first() < to) {
        wanted.add(at);
      }
    }
    sources.add(new Source(file, file.level, wanted, null));
  }

  private void consider(Block.Head head) {
    heldFrom = Math.min(heldFrom, head.since());
    if (head.until() > from && head.since() < to) {
      lost += head.lost();
    }
  }

  private Answer.Held held() {
    return new Answer.Held(Math.min(heldFrom, heldTo), heldTo, lost);
  }

  /** Gets a cell that was asked for. */
  private interface Found {
    void cell(int group, int step, Seen cell);
  }

  private void read(Found found) throws IOException {
    for (Source source : sources) {
      RollupFile file = source.file();
      byte[] open = source.open();
      if (file != null) {
        try {
          file.read(
              source.blocks(), (head, body, at) -> cells(head, source.level(), body, at, found));
        } catch (NoSuchFileException e) {
          // So old that it has just been removed.
        }
      } else if (open != null) {
        Block.Head head = source.blocks().getFirst().head();
        cells(head, source.level(), open, Block.FIXED + head.headLength(), found);
      }
    }
  }

  private void cells(Block.Head head, Level of, byte[] body, int at, Found found) {
    int[] group = groups(head.keys());
    Block.cells(
        head,
        of,
        body,
        at,
        (time, key, cell) -> {
          if (time >= from && time < to && group[key] >= 0) {
            found.cell(group[key], (int) ((time - from) / step), cell);
          }
        });
  }

  /** To which series each key belongs; -1: it was not asked for. */
  private int[] groups(Key[] keys) {
    return groupsOf.computeIfAbsent(
        keys,
        _ -> {
          int[] found = new int[keys.length];
          for (int i = 0; i < found.length; i++) {
            found[i] = matches(keys[i]) ? group(keys[i]) : -1;
          }
          return found;
        });
  }

  private boolean matches(Key key) {
    for (Map.Entry<Dimension, String> wanted : question.where().entrySet()) {
      if (!key.value(wanted.getKey()).equals(wanted.getValue())) {
        return false;
      }
    }
    return true;
  }

  private int group(Key key) {
    List<String> values = new ArrayList<>(question.by().size());
    for (Dimension dimension : question.by()) {
      values.add(key.value(dimension));
    }
    return groups.computeIfAbsent(values, _ -> groups.size());
  }

  // What is made of them.

  /** A series while it is summed. */
  private static final class Sum {
    final Cell total = new Cell();
    final @Nullable Cell[] steps;

    Sum(int steps) {
      this.steps = new Cell[steps];
    }
  }

  Answer series() throws IOException {
    find();
    for (Source source : sources) {
      source.blocks().forEach(at -> groups(at.head().keys()));
    }
    int most = Math.clamp(MOST_CELLS / steps, 1, MOST_SERIES);
    boolean[] wanted = new boolean[groups.size()];
    Arrays.fill(wanted, true);
    long others = 0;
    int left = 0;
    if (wanted.length > most) {
      long[] requests = new long[wanted.length];
      read((group, _, cell) -> requests[group] += cell.requests);
      List<Integer> biggest = new ArrayList<>();
      for (int group = 0; group < requests.length; group++) {
        if (requests[group] > 0) {
          biggest.add(group);
        }
      }
      biggest.sort(Comparator.comparingLong((Integer group) -> requests[group]).reversed());
      Arrays.fill(wanted, false);
      for (int i = 0; i < biggest.size(); i++) {
        if (i < most) {
          wanted[biggest.get(i)] = true;
        } else {
          others += requests[biggest.get(i)];
          left++;
        }
      }
    }
    @Nullable Sum[] sums = new Sum[wanted.length];
    read((group, at, cell) -> {
      if (wanted[group]) {
        Sum sum = sums[group];
        if (sum == null) {
          sum = new Sum(steps);
          sums[group] = sum;
        }
        Cell in = sum.steps[at];
        if (in == null) {
          in = new Cell();
          sum.steps[at] = in;
        }
        cell.addTo(in);
      }
    });
    return new Answer(from, step, held(), series(sums), left, others);
  }

  private List<Answer.Series> series(@Nullable Sum[] sums) {
    List<Answer.Series> series = new ArrayList<>();
    groups.forEach((values, group) -> {
      Sum sum = sums[group];
      if (sum != null) {
        Map<Dimension, String> key = new EnumMap<>(Dimension.class);
        for (int i = 0; i < values.size(); i++) {
          key.put(question.by().get(i), values.get(i));
        }
        List<Answer.Figures> each = new ArrayList<>(steps);
        for (Cell cell : sum.steps) {
          if (cell != null) {
            sum.total.add(cell);
          }
          each.add(cell == null ? NOTHING : figures(cell, Map.of()));
        }
        series.add(new Answer.Series(key, each, figures(sum.total, reasons(sum.total))));
      }
    });
    series.sort(
        Comparator.comparingLong((Answer.Series each) -> each.total().requests())
            .reversed()
            .thenComparing(each -> each.key().values().toString()));
    return series;
  }

  private static final Answer.Figures NOTHING = new Answer.Figures(0, 0, 0, 0, 0, -1, -1, Map.of());

  private static Answer.Figures figures(Cell cell, Map<String, Long> reasons) {
    return new Answer.Figures(
        cell.requests,
        cell.errors,
        cell.bytesIn,
        cell.bytesOut,
        cell.moreTries,
        cell.times.quantile(0.5),
        cell.times.quantile(0.99),
        reasons);
  }

  private Map<String, Long> reasons(Cell cell) {
    Map<String, Long> named = new TreeMap<>();
    for (int i = 0; i < cell.reasons.length; i++) {
      if (cell.reasons[i] != 0) {
        named.put(reasons.name(i), cell.reasons[i]);
      }
    }
    return named;
  }

  Heatmap heatmap() throws IOException {
    find();
    int rows = LAST_ROW - FIRST_ROW + 2;
    long[][] counts = new long[steps][rows];
    long[] errors = new long[steps];
    read((_, at, cell) -> {
      errors[at] += cell.errors;
      for (int i = 0; i < cell.times; i++) {
        int row = Math.clamp(row(cell.buckets[i]) - FIRST_ROW, 0, rows - 1);
        counts[at][row] += cell.counts[i];
      }
    });
    List<Long> bounds = new ArrayList<>();
    for (int row = FIRST_ROW; row <= LAST_ROW; row++) {
      bounds.add(Buckets.bound(row * ROW));
    }
    List<List<Long>> all = new ArrayList<>();
    for (long[] each : counts) {
      all.add(Arrays.stream(each).boxed().toList());
    }
    return new Heatmap(from, step, held(), bounds, all, Arrays.stream(errors).boxed().toList());
  }

  /** The row that ends where a bucket does, or next behind it. */
  private static int row(int bucket) {
    return (bucket + ROW - 1) / ROW;
  }
}
