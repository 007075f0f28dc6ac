package io.fairlead.admin;

/** Ends a request with a problem document. Thrown by handlers, caught by {@link Door} alone. */
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Answer answer;

  Refusal(Answer answer, String message) {
    super(message, null, false, false); // an answer, not a mistake of ours: no stack needed
    this.answer = answer;
  }

  static Refusal of(int status, String detail) {
    return new Refusal(Answer.problem(Problem.of(status, detail)), detail);
  }

  /** Something that was written is wrong at that place. */
  static Refusal at(int position, String detail) {
    return new Refusal(Answer.problem(Problem.at(position, detail)), detail);
  }

  /** Later it may be otherwise. */
  static Refusal later(String detail) {
    return new Refusal(
        Answer.problem(Problem.of(503, detail), java.util.Map.of("Retry-After", "5")), detail);
  }

  static Refusal notFound(String detail, Iterable<String> known, String given) {
    String nearest = Nearest.to(given, known);
    Problem plain = Problem.of(404, detail);
    return new Refusal(
        Answer.problem(
            new Problem(
                plain.type(),
                plain.title(),
                404,
                nearest == null ? detail : detail + " Did you mean " + nearest + "?",
                nearest,
                null)),
        detail);
  }

  Answer answer() {
    return answer;
  }
}
