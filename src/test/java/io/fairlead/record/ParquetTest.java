package io.fairlead.record;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Files are what their rows were, as DuckDB reads them. */
@Tag("computing")
final class ParquetTest {
  @TempDir private Path folder;

  private static final JsonMapper MAPPER = new JsonMapper();

  private final Pages pages = new Pages(Pace.restless());

  /** One column of each kind, and what was added to it. */
  private static final class Rows {
    final NumberColumn time =
        new NumberColumn("time", Column.Type.INT64, Column.Meaning.TIME, false);
    final NumberColumn wide =
        new NumberColumn("wide", Column.Type.INT64, Column.Meaning.NONE, false);
    final NumberColumn narrow =
        new NumberColumn("narrow", Column.Type.INT32, Column.Meaning.NONE, true);
    final NumberColumn few = new NumberColumn("few", Column.Type.INT32, Column.Meaning.NONE, true);
    final NumberColumn real = new NumberColumn("r", Column.Type.DOUBLE, Column.Meaning.NONE, false);
    final TextColumn common = new TextColumn("common", true, TextColumn.AS_IS);
    final TextColumn rare = new TextColumn("rare", true, TextColumn.AS_IS);
    final TextColumn key =
        new TextColumn(
            "k",
            true,
            (from, offset, length, to) -> to.put(("key " + (from[offset] & 0xFF)).getBytes(UTF_8)));
    final IdColumn id = new IdColumn("id");
    final List<Column> columns = List.of(time, wide, narrow, few, real, common, rare, key, id);
    final List<String> expected = new ArrayList<>();
    private final StringBuilder row = new StringBuilder();

    void number(NumberColumn column, @Nullable Long value) {
      if (value == null) {
        column.addNull();
      } else {
        column.add(value);
      }
      row.append(value).append('|');
    }

    void text(TextColumn column, @Nullable String value) {
      if (value == null) {
        column.addNull();
      } else {
        byte[] bytes = ("##" + value).getBytes(UTF_8);
        column.add(bytes, 2, bytes.length - 2);
      }
      row.append(value).append('|');
    }

    void random(SplittableRandom random, int i, int nulls) {
      row.setLength(0);
      long micros = 1_764_170_000_000_000L + i * 100L + random.nextInt(20_000);
      time.add(micros);
      LocalDateTime at =
          LocalDateTime.ofInstant(Instant.EPOCH.plus(micros, ChronoUnit.MICROS), ZoneOffset.UTC);
      row.append(at).append('|');
      int bits = random.nextInt(64);
      number(wide, random.nextLong() >> bits == Long.MIN_VALUE ? 0 : random.nextLong() >> bits);
      number(
          narrow, isNull(random, nulls) ? null : (long) (random.nextInt() >> random.nextInt(32)));
      number(few, isNull(random, nulls) ? null : 200L + random.nextInt(400));
      double weight = random.nextInt(3) == 0 ? random.nextDouble() : 1;
      real.add(weight);
      row.append(weight).append('|');
      text(
          common, isNull(random, nulls) ? null : "word " + random.nextInt(1 + random.nextInt(900)));
      text(rare, isNull(random, nulls) ? null : "ü".repeat(random.nextInt(9)) + random.nextLong());
      if (isNull(random, nulls)) {
        key.addNull();
        row.append("null|");
      } else {
        int number = random.nextInt(200) + (random.nextInt(50) == 0 ? 1 << 20 : 0);
        key.add(number);
        row.append("key ").append(number & 0xFF).append('|');
      }
      if (random.nextInt(50) == 0) {
        String foreign = "from-elsewhere-" + random.nextInt(1000);
        id.add(foreign.getBytes(UTF_8), 0, foreign.length());
        row.append(foreign);
      } else {
        long high = 0x0193_0000_0000_0000L + i / 1000;
        int low = i * 3 + (random.nextInt(100) == 0 ? 1 << 31 : 0);
        id.add(high, low);
        row.append("%016x%08x".formatted(high, low));
      }
      expected.add(row.toString());
    }

    /** Nulls nowhere, everywhere, now and then, in runs. */
    private boolean isNull(SplittableRandom random, int nulls) {
      return switch (nulls) {
        case 0 -> false;
        case 1 -> true;
        case 2 -> random.nextInt(10) == 0;
        default -> expected.size() / 100 % 2 == 0;
      };
    }

    void clear() {
      columns.forEach(Column::clear);
    }
  }

  private Path write(Rows rows, List<RowGroup> groups, List<byte[]> bytes) throws IOException {
    return write(rows.columns, groups, bytes);
  }

  private Path write(List<? extends Column> columns, List<RowGroup> groups, List<byte[]> bytes)
      throws IOException {
    Path file = folder.resolve("part.parquet");
    Path hidden = folder.resolve("part");
    try (OutputStream out = Files.newOutputStream(hidden)) {
      out.write(Parquet.MAGIC);
      for (byte[] group : bytes) {
        out.write(group);
      }
      out.write(
          Parquet.end(
                  List.copyOf(columns), groups, Map.of("fairlead.places", "7 9"), Pace.restless())
              .copy());
    }
    // As the recorder does: DuckDB keeps what it has read of a file, and may not see it change in
    // place.
    return Files.move(hidden, file, StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void rowsComeBackAsTheyWere() throws IOException, SQLException {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    try (Duck duck = new Duck()) {
      for (int round = 0; round < 60; round++) {
        Rows rows = new Rows();
        List<RowGroup> groups = new ArrayList<>();
        List<byte[]> bytes = new ArrayList<>();
        int i = 0;
        for (int group = random.nextInt(3); group >= 0; group--) {
          int nulls = random.nextInt(4);
          for (int left = 1 + random.nextInt(1 << random.nextInt(14)); left > 0; left--) {
            rows.random(random, i++, nulls);
          }
          pages.compresses = random.nextBoolean();
          Bytes encoded = new Bytes();
          groups.add(RowGroup.encode(rows.columns, encoded, pages));
          bytes.add(encoded.copy());
          rows.clear();
        }
        Path file = write(rows, groups, bytes);
        assertThat(
                duck.rows(
                    "select strftime(time, '%Y-%m-%dT%H:%M:%S.%f')::varchar, * exclude (time) from '"
                        + file
                        + "'"))
            .as("seed %d round %d", seed, round)
            .containsExactlyElementsOf(rows.expected.stream().map(ParquetTest::sixDigits).toList());
        assertThat(Footer.words(file)).containsEntry("fairlead.places", "7 9");
        assertThat(readAgain(file, random))
            .as("read again: seed %d round %d", seed, round)
            .containsExactlyElementsOf(rows.expected.stream().map(ParquetTest::sixDigits).toList());
      }
    }
  }

  /** By our own reader, some rows at a time. */
  private static List<String> readAgain(Path file, SplittableRandom random) throws IOException {
    List<String> found = new ArrayList<>();
    RowJson json = new RowJson();
    try (PartReader reader = PartReader.open(file)) {
      while (found.size() < reader.rows()) {
        json.clear();
        int most = 1 + random.nextInt(1 << random.nextInt(15));
        int rows = reader.json(found.size(), most, 1 << random.nextInt(24), json);
        assertThat(rows).isBetween(1, most);
        List<String> lines = new String(json.bytes(), UTF_8).lines().toList();
        assertThat(lines).hasSize(rows);
        for (String line : lines) {
          JsonNode row = MAPPER.readTree(line);
          List<String> values = new ArrayList<>();
          for (String column : reader.columns()) {
            JsonNode value = row.get(column);
            values.add(value == null ? "null" : value.asString());
          }
          values.set(0, values.getFirst().replace(' ', 'T'));
          found.add(String.join("|", values));
        }
      }
      json.clear();
      assertThat(reader.json(reader.rows(), 10, 1000, json)).isZero();
    }
    return found;
  }

  @Test
  void whatIsDamagedIsRefused() throws IOException {
    SplittableRandom random = new SplittableRandom(5);
    Rows rows = new Rows();
    for (int i = 0; i < 3000; i++) {
      rows.random(random, i, 2);
    }
    Bytes encoded = new Bytes();
    List<RowGroup> groups = List.of(RowGroup.encode(rows.columns, encoded, pages));
    byte[] whole = Files.readAllBytes(write(rows, groups, List.of(encoded.copy())));
    Path file = folder.resolve("damaged.parquet");
    for (int i = 0; i < 600; i++) {
      byte[] bytes = whole.clone();
      for (int hurt = 0; hurt <= i % 5; hurt++) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      Files.write(file, i % 50 == 0 ? Arrays.copyOf(bytes, random.nextInt(bytes.length)) : bytes);
      try (PartReader reader = PartReader.open(file)) {
        int _ = reader.json(0, 1 << 20, 1 << 30, new RowJson());
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("damaged");
      }
    }
  }

  /** {@link LocalDateTime} leaves out zeros at the end, which SQL does not. */
  private static String sixDigits(String row) {
    int bar = row.indexOf('|');
    LocalDateTime time = LocalDateTime.parse(row.substring(0, bar));
    return time.format(DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSS"))
        + row.substring(bar);
  }

  /** What DuckDB says of itself: which rows a question can skip depends on these. */
  @Test
  void smallestAndLargestValuesAreTrue() throws IOException, SQLException {
    SplittableRandom random = new SplittableRandom(4);
    Rows rows = new Rows();
    for (int i = 0; i < 5000; i++) {
      rows.random(random, i, 2);
    }
    Bytes encoded = new Bytes();
    List<RowGroup> groups = List.of(RowGroup.encode(rows.columns, encoded, pages));
    Path file = write(rows, groups, List.of(encoded.copy()));
    try (Duck duck = new Duck()) {
      for (String column : List.of("time", "wide", "narrow", "few", "common", "k", "id")) {
        assertThat(
                duck.rows(
                    "select stats_min_value, stats_max_value, stats_null_count from parquet_metadata('"
                        + file
                        + "') where path_in_schema = '"
                        + column
                        + "'"))
            .as(column)
            .isEqualTo(
                duck.rows(
                    "select min(%1$s)::varchar, max(%1$s)::varchar, count(*) - count(%1$s) from '%2$s'"
                        .formatted(column, file)));
      }
      assertThat(
              duck.rows(
                  "select name, type from (describe select * from '"
                      + file
                      + "') t(name, type, a, b, c, d)"))
          .containsExactly(
              "time|TIMESTAMP",
              "wide|BIGINT",
              "narrow|INTEGER",
              "few|INTEGER",
              "r|DOUBLE",
              "common|VARCHAR",
              "rare|VARCHAR",
              "k|VARCHAR",
              "id|VARCHAR");
      assertThat(
              duck.rows(
                  "select path_in_schema, encodings from parquet_metadata('"
                      + file
                      + "') order by column_id"))
          .containsExactly(
              "time|DELTA_BINARY_PACKED, RLE",
              "wide|DELTA_BINARY_PACKED, RLE",
              "narrow|DELTA_BINARY_PACKED, RLE",
              "few|RLE_DICTIONARY, RLE, PLAIN",
              "r|PLAIN, RLE",
              "common|RLE_DICTIONARY, RLE, PLAIN",
              "rare|DELTA_LENGTH_BYTE_ARRAY, RLE",
              "k|RLE_DICTIONARY, RLE, PLAIN",
              "id|DELTA_BYTE_ARRAY, RLE");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 7, 8, 9, 33, 128, 129, 130, 1000})
  void anyNumberOfRowsIsWhole(int count) throws IOException, SQLException {
    SplittableRandom random = new SplittableRandom(count);
    Rows rows = new Rows();
    for (int i = 0; i < count; i++) {
      rows.random(random, i, 2);
    }
    Bytes encoded = new Bytes();
    List<RowGroup> groups = List.of(RowGroup.encode(rows.columns, encoded, pages));
    Path file = write(rows, groups, List.of(encoded.copy()));
    try (Duck duck = new Duck()) {
      assertThat(duck.rows("select id from '" + file + "'"))
          .containsExactlyElementsOf(
              rows.expected.stream().map(row -> row.substring(row.lastIndexOf('|') + 1)).toList());
    }
  }

  @Test
  void whatWasAddedLastCanBeTakenBack() throws IOException, SQLException {
    SplittableRandom random = new SplittableRandom(8);
    Rows rows = new Rows();
    for (int i = 0; i < 200; i++) {
      rows.random(random, i, 2);
    }
    rows.columns.forEach(column -> column.cut(150));
    Bytes encoded = new Bytes();
    List<RowGroup> groups = List.of(RowGroup.encode(rows.columns, encoded, pages));
    Path file = write(rows, groups, List.of(encoded.copy()));
    try (Duck duck = new Duck()) {
      assertThat(duck.rows("select id, common from '" + file + "'")).hasSize(150);
      assertThat(duck.value("select count(narrow) from '" + file + "'"))
          .isEqualTo(
              Long.toString(
                  rows.expected.subList(0, 150).stream()
                      .filter(row -> !row.split("\\|", -1)[2].equals("null"))
                      .count()));
    }
  }

  /**
   * They are looked up together; the same may be new twice among those, and some are taken back.
   */
  @Test
  void manyTextsOfWhichEachOccursOften() throws IOException, SQLException {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    TextColumn words = new TextColumn("words", true, TextColumn.AS_IS);
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 40_000; i++) {
      String word = random.nextInt(20) == 0 ? null : "word " + random.nextInt(1 + i / 4);
      if (word == null) {
        words.addNull();
      } else {
        words.add(word.getBytes(UTF_8), 0, word.length());
      }
      expected.add(String.valueOf(word));
      if (random.nextInt(500) == 0) {
        int kept = expected.size() - random.nextInt(Math.min(40, expected.size()));
        words.cut(kept);
        expected.subList(kept, expected.size()).clear();
      }
    }
    Bytes encoded = new Bytes();
    List<RowGroup> groups = List.of(RowGroup.encode(List.of(words), encoded, pages));
    Path file = write(List.of(words), groups, List.of(encoded.copy()));
    try (Duck duck = new Duck()) {
      assertThat(duck.rows("select words from '" + file + "'"))
          .as("seed %d", seed)
          .containsExactlyElementsOf(expected);
    }
  }
}
