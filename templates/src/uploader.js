// Pictures and PDFs are uploaded when chosen, so that the form itself stays
// small. On a bad line each has its own progress and is tried again by a tap;
// the others are not touched by that.
const $ = (selector, root) => Array.from((root || document).querySelectorAll(selector));
const make = (tag, attributes, ...children) => {
  const e = document.createElement(tag);
  Object.keys(attributes).forEach(k => e.setAttribute(k, attributes[k]));
  e.append(...children);
  return e;
};

// Two at a time: more only make each of them slower.
const waiting = [];
let running = 0;
const next = () => {
  while (running < 2 && waiting.length) {
    running++;
    waiting.shift()(() => { running--; next(); });
  }
};

// Uploads one file and answers {status, key, message, …}; status 0 is no answer.
const send = (body, progress, done) => {
  const x = new XMLHttpRequest();
  x.open("POST", "/media");
  x.timeout = 90000;
  x.setRequestHeader("Accept", "application/json");
  x.upload.addEventListener("progress", e => { if (e.lengthComputable) progress(e.loaded / e.total * 100); });
  x.addEventListener("loadend", () => {
    let answer = {};
    try { answer = JSON.parse(x.responseText); } catch (e) { /* of a proxy */ }
    done(Object.assign({}, answer, { status: x.status }));
  });
  x.send(body);
};

const uploader = box => {
  const name = box.dataset.uploader, max = +box.dataset.max, list = box.querySelector(".thumbs"), add = box.querySelector(".thumb-add");
  const say = text => { box.querySelector(".field-error").textContent = text; box.classList.toggle("bad", !!text); };
  const room = () => { add.hidden = $(".thumb", list).length - 1 >= max; };
  const tell = detail => box.dispatchEvent(new CustomEvent("uploaded", { bubbles: true, detail }));
  const tile = () => { const t = make("div", { class: "thumb" }); list.insertBefore(t, add); room(); return t; };
  const cross = label => make("button", { type: "button", class: "thumb-x", "data-remove": "", "aria-label": label }, "×");
  const fill = (thumb, key, title) => {
    const isFile = key.indexOf("f-") === 0, icon = document.querySelector("[data-files] .thumb-add .icon");
    thumb.textContent = "";
    thumb.className = isFile ? "thumb thumb-file" : "thumb";
    if (isFile) thumb.append(icon ? icon.cloneNode(true) : "", make("span", { class: "thumb-name" }, title || "PDF 文件"));
    else thumb.append(make("img", { src: (key.indexOf("p-") === 0 ? "/me/certification/documents/" : "/media/") + key + "/mobile", alt: "已上传的图片" }));
    thumb.append(make("input", { type: "hidden", name, value: key }), cross(isFile ? "删除文件" : "删除图片"));
  };
  const upload = (file, thumb) => {
    const bar = make("progress", { class: "thumb-progress", max: "100", value: "0", "aria-label": "正在上传 " + file.name });
    thumb.textContent = "";
    thumb.className = "thumb loading";
    thumb.append(make("span", { class: "thumb-name" }, "等待上传"), bar);
    waiting.push(finished => {
      if (!thumb.isConnected) return finished();
      const body = new FormData();
      body.append("form_token", box.dataset.token);
      if (box.dataset.private !== undefined) body.append("private", "1");
      body.append("file", file);
      thumb.firstChild.textContent = "正在上传";
      send(body, percent => {
        bar.value = percent;
        if (percent >= 100) thumb.firstChild.textContent = "正在处理";
      }, answer => {
        finished();
        if (!thumb.isConnected) return;
        if (answer.key) {
          fill(thumb, answer.key, answer.name);
          return tell({ key: answer.key, thumb });
        }
        if (answer.status === 413 || answer.status === 422) { // this file will never do
          thumb.remove();
          room();
          return say(answer.message || "这个文件不能上传");
        }
        say(answer.message || "网络不太好，没有上传成功，点“重试”再传一次");
        const again = make("button", { type: "button", class: "thumb-retry", "aria-label": "重新上传 " + file.name }, "重试");
        again.addEventListener("click", () => { say(""); upload(file, thumb); });
        thumb.textContent = "";
        thumb.className = "thumb failed";
        thumb.append(again, cross("不要这张"));
      });
    });
    next();
  };
  // Puts back what was uploaded before.
  box.addEventListener("restore", e => {
    if ($("[type=hidden]", list).some(f => f.value === e.detail) || $(".thumb", list).length > max) return;
    fill(tile(), e.detail);
  });
  box.addEventListener("click", e => {
    const x = e.target.closest("[data-remove]");
    if (!x) return;
    x.closest(".thumb").remove();
    room();
    tell();
  });
  add.querySelector("input").addEventListener("change", e => {
    say("");
    Array.from(e.target.files).slice(0, max - $(".thumb", list).length + 1).forEach(file => upload(file, tile()));
    e.target.value = "";
  });
  room();
};
$("[data-uploader]").forEach(uploader);
document.addEventListener("added", e => $("[data-uploader]", e.target).forEach(uploader));

// A form does not leave while a picture of it is still on its way, or lost.
document.addEventListener("submit", event => {
  const thumb = event.target.querySelector(".thumb.loading, .thumb.failed");
  if (!thumb) return;
  event.preventDefault();
  const box = thumb.closest("[data-uploader]");
  box.querySelector(".field-error").textContent = thumb.classList.contains("failed") ? "有图片没有上传成功，请点“重试”，或者删除它" : "图片还在上传，请稍等一下再提交";
  box.classList.add("bad");
  box.scrollIntoView({ block: "center" });
}, true);
