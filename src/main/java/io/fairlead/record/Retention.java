package io.fairlead.record;

import java.time.LocalDate;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Which parts go: those older than so many days, and then the oldest until the rest has room.
 * Answers of the DNS have a quarter of the room at most: whoever floods it with questions, which
 * takes no connection, has their own oldest removed, and not all records of requests.
 *
 * @param days that are kept, today among them
 * @param bytes of all parts together
 */
public record Retention(int days, long bytes) {
  private static final int DNS_SHARE = 4;

  /**
   * Says which.
   *
   * @param parts all there are, the oldest first
   * @param today in UTC
   */
  List<PartFolder.Part> tooOld(List<PartFolder.Part> parts, LocalDate today) {
    LocalDate first = today.minusDays(days - 1L);
    Set<PartFolder.Part> gone = new LinkedHashSet<>();
    long held = 0;
    long answers = 0;
    for (PartFolder.Part part : parts) {
      held += part.bytes();
      answers += part.isOf("dns") ? part.bytes() : 0;
    }
    for (PartFolder.Part part : parts) {
      boolean answer = part.isOf("dns");
      if (part.date().isBefore(first) || (answer && answers > bytes / DNS_SHARE)) {
        gone.add(part);
        held -= part.bytes();
        answers -= answer ? part.bytes() : 0;
      }
    }
    for (PartFolder.Part part : parts) {
      if (held > bytes && gone.add(part)) {
        held -= part.bytes();
      }
    }
    return List.copyOf(gone);
  }
}
