package io.fairlead.config;

/**
 * Some of a number of things: so many, or a share of all.
 *
 * @param count how many; of no meaning where it is a share
 * @param share 0 to 1; negative where it is a count
 */
public record Portion(int count, double share) {
  /** How many that is of all: a share is rounded to the next whole number. */
  public int of(int all) {
    return share < 0 ? Math.min(count, all) : (int) Math.round(share * all);
  }

  static Portion parse(String text) {
    if (text.endsWith("%")) {
      return new Portion(0, share(text));
    }
    if (!text.matches("[0-9]{1,6}")) {
      throw Require.refusal("must be a whole number or a share such as 20%");
    }
    return new Portion(Integer.parseInt(text), -1);
  }

  /** {@code 0.2} or {@code 20%}. */
  static double share(String text) {
    double value = ratio(text);
    if (value > 1) {
      throw Require.refusal("must be a share from 0 to 1, such as 0.2 or 20%");
    }
    return value;
  }

  /** The same without an upper end. */
  static double ratio(String text) {
    boolean percent = text.endsWith("%");
    String number = percent ? text.substring(0, text.length() - 1) : text;
    if (!number.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
      throw Require.refusal("must be a number such as 0.9 or 90%");
    }
    return Double.parseDouble(number) / (percent ? 100 : 1);
  }

  @Override
  public String toString() {
    return share < 0 ? String.valueOf(count) : share * 100 + "%";
  }
}
