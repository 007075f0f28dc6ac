import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Something that goes wrong, how it is brought about, and what Fairlead has to say of it.
 *
 * @param number in the list of labelled incidents; C: a change that is no fault, P: two at once
 * @param name in the table
 * @param injected in words
 * @param loud whether it hurts one request in fifty or more, or a process is gone or refuses
 *     something; others are faint
 * @param causes what may be named first, as fields and values; any of them is right. Empty: nothing
 *     may be told
 * @param words one of which the text must have
 * @param least seconds that it lasts in any case
 * @param begin brings it about
 * @param end makes it well again
 */
record Fault(
    String number,
    String name,
    String injected,
    boolean loud,
    List<Map<String, String>> causes,
    List<String> words,
    int least,
    Step begin,
    Step end) {

  /** Something is done to the system. */
  interface Step {
    void on(Shop shop, Shoppers shoppers) throws Exception;
  }

  boolean isControl() {
    return causes.isEmpty();
  }

  /** Whether what was named is what was done. */
  boolean isRight(Map<String, String> named) {
    return causes.contains(named);
  }

  /** Whether the text says in which way requests are hurt. */
  boolean says(String text) {
    return words.isEmpty()
        || words.stream().anyMatch(text.toLowerCase(Locale.ROOT)::contains);
  }

  boolean isMeantBy(String word) {
    return number.equalsIgnoreCase(word) || (word.length() > 2 && name.contains(word));
  }

  String expected() {
    return isControl()
        ? "none"
        : String.join(
            " or ",
            causes.stream()
                .map(fields ->
                    String.join(
                        " & ",
                        fields.entrySet().stream()
                            .map(each -> each.getKey() + "=" + each.getValue())
                            .sorted()
                            .toList()))
                .toList());
  }
}
