package io.fairlead.limit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** By how much loops and the control thread were late, look by look, and what is told. */
class StandstillTest {
  @ParameterizedTest
  @CsvSource({
    "nothing, 1 2 1, 0 1 0, 0 0 0",
    "all at once, 1 3000 1 1, 0 2800 0 0, 0 3000 0 0",
    "the control thread went on later, 3000 1 1, 0 2800 0, 0 3000 0",
    "the loops went on later, 0 3000 1, 2800 1 0, 0 3000 0",
    "twice, 3000 2000 1, 2800 1900 0, 3000 2000 0",
    "it did not last, 990 990 1, 990 990 0, 0 0 0",
    "loops had much to do, 3000 2000 1500, 3 5 2, 0 0 0",
    "the control thread had much to do, 3 5 2, 3000 2000 1500, 0 0 0",
    "each at its own time, 3000 1 1 1, 0 0 2800 0, 0 0 0 0",
  })
  void allOfItMustHaveBeenLate(String what, String loops, String control, String told) {
    Standstill standstill = new Standstill();
    List<Long> heard = new ArrayList<>();
    List<Long> late = millis(loops);
    List<Long> lateControl = millis(control);
    for (int i = 0; i < late.size(); i++) {
      heard.add(
          standstill.look(late.get(i) * 1_000_000, lateControl.get(i) * 1_000_000) / 1_000_000);
    }
    assertThat(heard).as(what).isEqualTo(millis(told));
  }

  private static List<Long> millis(String text) {
    return List.of(text.split(" ")).stream().map(Long::valueOf).toList();
  }
}
