// A file on its way: <form data-upload> says how much has left. Without this the form sends itself.
"use strict";
{
  const withoutHash = (address) => address.split("#")[0];

  /** Show what the server answered: the page it leads to, or this page with what is wrong. */
  const show = (request) => {
    if (withoutHash(request.responseURL) !== withoutHash(window.location.href)) {
      window.location.assign(request.responseURL);
      return true;
    }
    const main = new DOMParser().parseFromString(request.responseText, "text/html").querySelector("main");
    if (!main) return false;
    document.querySelector("main").replaceWith(main);
    window.htmx.process(main);
    main.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: main } }));
    return true;
  };

  const send = (form) => {
    const sending = form.querySelector("[data-sending]");
    const failed = form.querySelector("[data-failed]");
    const button = form.querySelector("button");
    const bar = sending.querySelector("progress");
    const request = new XMLHttpRequest();
    const fail = () => {
      sending.hidden = true;
      failed.hidden = false;
      button.disabled = false;
    };
    sending.hidden = false;
    failed.hidden = true;
    button.disabled = true;
    bar.removeAttribute("value");
    request.upload.addEventListener("progress", (sent) => {
      if (sent.lengthComputable) bar.value = (100 * sent.loaded) / sent.total;
    });
    request.addEventListener("load", () => { if (!show(request)) fail(); });
    request.addEventListener("error", fail);
    request.open("POST", form.action);
    request.send(new FormData(form));
  };

  document.addEventListener("submit", (event) => {
    if (!("upload" in event.target.dataset) || event.defaultPrevented) return;
    event.preventDefault();
    send(event.target);
  });
}
