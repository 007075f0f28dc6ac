package io.fairlead.admin;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why a request was refused: a problem document (RFC 9457). */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Problem(
    @Doc("Always about:blank: the status says what kind of problem it is.") String type,
    @Doc("The meaning of the status.") String title,
    int status,
    @Doc("What is wrong, in one or two sentences.") @Nullable String detail,
    @Doc("With 404: the name that was probably meant.") @Nullable String didYouMean,
    @Doc("With 422: everything that is wrong with the configuration.")
        @Nullable List<ConfigProblem> problems,
    @Doc("With 400: where the mistake in the SQL or the condition begins, from 1.")
        @Nullable Integer position) {

  Problem(
      String type,
      String title,
      int status,
      @Nullable String detail,
      @Nullable String didYouMean,
      @Nullable List<ConfigProblem> problems) {
    this(type, title, status, detail, didYouMean, problems, null);
  }

  /** About something that was written by whoever asked; 0: the mistake has no place. */
  static Problem at(int position, String detail) {
    return new Problem(
        "about:blank", title(400), 400, detail, null, null, position > 0 ? position : null);
  }

  static Problem of(int status, String detail) {
    return new Problem("about:blank", title(status), status, detail, null, null);
  }

  static String title(int status) {
    return switch (status) {
      case 400 -> "Bad Request";
      case 401 -> "Unauthorized";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 409 -> "Conflict";
      case 412 -> "Precondition Failed";
      case 413 -> "Content Too Large";
      case 415 -> "Unsupported Media Type";
      case 421 -> "Misdirected Request";
      case 422 -> "Unprocessable Content";
      case 429 -> "Too Many Requests";
      case 500 -> "Internal Server Error";
      case 503 -> "Service Unavailable";
      default -> "Error";
    };
  }
}
