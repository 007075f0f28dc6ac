package io.fairlead.record;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.record.PartFolder.Part;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which parts go. */
class RetentionTest {
  private static final LocalDate TODAY = LocalDate.of(2026, 11, 27);

  /** Ten bytes each; R is one of requests, D one of answers of the DNS, the oldest first. */
  @ParameterizedTest
  @CsvSource({
    "RRRRRRRR, 80,  ........", // it fits
    "RRRRRRRR, 60,  xx......",
    "RDRDRDRD, 100, .x.x....", // a quarter is 25: two may stay
    "RDDDDDDD, 100, .xxxxx..", // whatever comes, what is older of the others stays
    "DDRRRRRR, 80,  ........",
    "DDRRRRRR, 70,  x.......", // 70 has room for seven, a quarter of it for one
    "DRRRRRRR, 70,  x.......",
    "RDRDRRRR, 60,  xx......"
  })
  void answersOfTheDnsHaveAQuarter(String parts, long bytes, String gone) {
    List<Part> all = new ArrayList<>();
    for (int i = 0; i < parts.length(); i++) {
      String table = parts.charAt(i) == 'D' ? "dns" : "requests";
      all.add(new Part(Path.of("records", table, TODAY.toString(), i + ".parquet"), TODAY, 10));
    }
    List<Part> left = new Retention(7, bytes).tooOld(all, TODAY);
    StringBuilder found = new StringBuilder();
    all.forEach(part -> found.append(left.contains(part) ? 'x' : '.'));
    assertThat(found).hasToString(gone);
  }
}
