package io.fairlead.record;

import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;

/**
 * Which parts go: those older than so many days, and then the oldest until the rest has room.
 *
 * @param days that are kept, today among them
 * @param bytes of all parts together
 */
public record Retention(int days, long bytes) {
  /**
   * Says which.
   *
   * @param parts all there are, the oldest first
   * @param today in UTC
   */
  List<PartFolder.Part> tooOld(List<PartFolder.Part> parts, LocalDate today) {
    LocalDate first = today.minusDays(days - 1L);
    long held = parts.stream().mapToLong(PartFolder.Part::bytes).sum();
    List<PartFolder.Part> gone = new ArrayList<>();
    for (PartFolder.Part part : parts) {
      if (part.date().isBefore(first) || held > bytes) {
        gone.add(part);
        held -= part.bytes();
      }
    }
    return gone;
  }
}
