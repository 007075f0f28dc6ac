package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.proxy.http.CorpusCase.Answer;
import io.fairlead.proxy.http.CorpusCase.Step;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** What fuzzing begins with: all that is sent in the corpus, short enough to be changed much. */
final class Seeds {
  private static final Path FOLDER = Path.of("src/test/resources/corpus");
  private static final int LONGEST = 4096;

  private Seeds() {}

  /** What clients send. */
  static List<byte[]> requests() {
    return cases()
        .flatMap(corpusCase -> corpusCase.clientSends().stream())
        .flatMap(step -> step instanceof Step.Send(String bytes) ? Stream.of(bytes) : Stream.of())
        .mapMulti(Seeds::ifShort)
        .toList();
  }

  /** What nodes answer. */
  static List<byte[]> responses() {
    return cases()
        .flatMap(corpusCase -> corpusCase.answers().stream())
        .map(Answer::bytes)
        .mapMulti(Seeds::ifShort)
        .toList();
  }

  private static Stream<CorpusCase> cases() {
    return Stream.of("requests", "responses")
        .flatMap(part -> CorpusFile.readAll(FOLDER.resolve(part)).stream());
  }

  private static void ifShort(String bytes, java.util.function.Consumer<byte[]> then) {
    if (bytes.length() <= LONGEST) {
      then.accept(bytes.getBytes(ISO_8859_1));
    }
  }
}
