package io.fairlead.admin;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What a page of a running dashboard holds while it is open: {@code OpenPageMain URL MINUTES}. A
 * line a minute: megabytes that JavaScript holds after its garbage is collected, and megabytes of
 * the page's process. Status 1 if either has grown by 50 MB or more since the second minute.
 */
final class OpenPageMain {
  private static final double MOST_GROWTH = 50;

  private OpenPageMain() {}

  public static void main(String[] args) throws Exception {
    if (!keeps(args[0], Integer.parseInt(args[1]))) {
      System.exit(1);
    }
  }

  private static boolean keeps(String address, int minutes) throws Exception {
    try (Browser browser = new Browser()) {
      browser.setSize(1400, 900);
      browser.open(URI.create(address));
      browser.await("document.querySelector('#app h1')");
      double[] first = {0, 0};
      double[] last = {0, 0};
      for (int minute = 1; minute <= minutes; minute++) {
        Thread.sleep(Duration.ofMinutes(1));
        last = new double[] {browser.heapBytes() / 1e6, pageMegabytes()};
        if (minute == Math.min(2, minutes)) {
          first = last;
        }
        System.out.printf(
            Locale.ROOT,
            "minute %d: JavaScript %.1f MB, process %.0f MB%n",
            minute,
            last[0],
            last[1]);
      }
      System.out.printf(
          Locale.ROOT,
          "grown by %.1f MB and %.0f MB; %s%n",
          last[0] - first[0],
          last[1] - first[1],
          browser.complaints());
      return last[0] - first[0] < MOST_GROWTH && last[1] - first[1] < MOST_GROWTH;
    }
  }

  /** Of the largest process that this one started and that draws a page. */
  private static double pageMegabytes() {
    return ProcessHandle.current()
        .descendants()
        .mapToDouble(process -> resident(process.pid()))
        .max()
        .orElse(0);
  }

  private static double resident(long pid) {
    try {
      if (!Files.readString(Path.of("/proc/" + pid + "/cmdline")).contains("--type=renderer")) {
        return 0;
      }
      try (Stream<String> lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
        List<String> found = lines.filter(line -> line.startsWith("VmRSS:")).toList();
        return found.isEmpty()
            ? 0
            : Long.parseLong(found.getFirst().replaceAll("[^0-9]", "")) * 1024 / 1e6;
      }
    } catch (IOException e) {
      return 0; // it is over
    }
  }
}
