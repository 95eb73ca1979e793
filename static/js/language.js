// The language of the page, by which dates and numbers are written.

const { lang } = document.documentElement;

export const language = lang === "en" ? "en-GB" : lang;
