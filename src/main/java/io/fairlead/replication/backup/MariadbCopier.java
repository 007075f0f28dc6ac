package io.fairlead.replication.backup;

import io.fairlead.replication.MariadbPrograms;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Has {@code mariadb-backup} do something, and says what it complained of if it fails. */
final class MariadbCopier {
  private MariadbCopier() {}

  /** It has ended, and not in order. */
  static final class Failed extends IOException {
    private static final long serialVersionUID = 1;

    Failed(String message) {
      super(message);
    }
  }

  /** Whether there was no room left, which says nothing of what was read. */
  static boolean isAboutSpace(IOException e) {
    String said = String.valueOf(e.getMessage());
    return said.contains("No space left")
        || said.contains("rrcode: 28")
        || said.contains("rror: 28")
        || said.contains("error 28");
  }

  /** How its end is awaited. */
  interface Waiting {
    void await(Child child) throws IOException, InterruptedException;
  }

  /**
   * @param subject what failed, if it does
   * @throws Failed if it does
   * @throws IOException if whoever waits gives up; it has ended then
   */
  static void run(MariadbPrograms programs, List<String> arguments, String subject, Waiting waiting)
      throws IOException, InterruptedException {
    List<String> wrong = new ArrayList<>();
    Child child =
        Child.start(
            programs,
            "mariadb-backup",
            arguments,
            Map.of(),
            _ -> {},
            line -> {
              if (wrong.isEmpty() && isComplaint(line)) {
                wrong.add(line.strip());
              }
            });
    try {
      waiting.await(child);
      if (child.result() != 0) {
        throw new Failed(
            subject + ": " + words(wrong.isEmpty() ? child.lastWords() : wrong.getFirst()));
      }
    } finally {
      child.stop();
    }
  }

  private static boolean isComplaint(String line) {
    return line.contains("rror:")
        || line.contains("ERROR")
        || line.contains("FATAL")
        || line.contains("No space left")
        || line.contains("failed");
  }

  /** Without which thread said it, and when. */
  private static String words(String line) {
    String text =
        line.replaceFirst("^\\[[0-9]+\\] ", "")
            .replaceFirst("^(FATAL ERROR: )?[0-9]{4}-[0-9]{2}-[0-9]{2} +[0-9:]+ ([0-9]+ )?", "")
            .replaceAll("\\p{Cntrl}", " ");
    return text.substring(0, Math.min(text.length(), 300));
  }
}
